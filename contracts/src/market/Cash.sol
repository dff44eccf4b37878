// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Authorization, ILeaseMarket} from "../interfaces/ILeaseMarket.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Word} from "../libraries/Words.sol";
import {MarketState} from "./MarketState.sol";

/// @title Cash of accounts and credit of funders
/// @dev I1: for every token, balanceOf(market) >= sum of cash + credit + live escrow not yet paid + fees, with equality
/// when nobody donated. I2: cash leaves only by its owner's `withdraw`, his `fundRef`, or a lease he agreed to.
/// The functions that move tokens hold the reentrancy lock: a deposit measures the balance before and after, so
/// nothing else may move the balance in between.
abstract contract Cash is ILeaseMarket, MarketState, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @inheritdoc ILeaseMarket
    function deposit(address token, uint128 amount) external nonReentrant {
        _pull(msg.sender, msg.sender, token, amount);
    }

    /// @inheritdoc ILeaseMarket
    function depositFor(address account, address token, uint128 amount) external nonReentrant {
        _pull(msg.sender, account, token, amount);
    }

    /// @inheritdoc ILeaseMarket
    function depositWithPermit(address token, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // Anyone can spend a permit that he has seen; then the allowance is already there.
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _pull(msg.sender, msg.sender, token, amount);
    }

    /// @inheritdoc ILeaseMarket
    function depositWithAuthorization(address token, address account, uint128 amount, Authorization calldata auth)
        external
        nonReentrant
    {
        _checkDeposit(account, token, amount);
        uint256 before = IERC20(token).balanceOf(address(this));
        bytes32 nonce = authorizationNonce(account, auth.salt);
        IERC3009(token).receiveWithAuthorization(
            auth.from, address(this), amount, auth.validAfter, auth.validBefore, nonce, auth.v, auth.r, auth.s
        );
        _receive(account, token, amount, before);
    }

    /// @inheritdoc ILeaseMarket
    function withdraw(address token, address to, uint128 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0) || to == address(this)) revert ZeroAddress();
        _debit(token, msg.sender, amount);
        emit Withdrawn(msg.sender, token, to, amount);
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc ILeaseMarket
    function fundRef(bytes32 ref, address token, uint128 amount) external {
        if (amount == 0) revert ZeroAmount();
        _debit(token, msg.sender, amount);
        _addCredit(token, _creditKey(msg.sender, ref), amount);
        emit CreditFunded(msg.sender, ref, token, amount);
    }

    /// @inheritdoc ILeaseMarket
    function unfundRef(bytes32 ref, address token, uint128 amount) external {
        if (amount == 0) revert ZeroAmount();
        _takeCredit(token, _creditKey(msg.sender, ref), amount);
        _creditCash(token, msg.sender, amount);
        emit CreditUnfunded(msg.sender, ref, token, amount);
    }

    /// @inheritdoc ILeaseMarket
    function authorizationNonce(address account, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), account, salt));
    }

    /// @inheritdoc ILeaseMarket
    function accountOf(address token, address account)
        external
        view
        returns (uint128 cash, uint32 counter, uint32 top, uint64 window)
    {
        uint256 word = _account(token, account).value;
        return (Ledger.cash(word), uint32(Ledger.counter(word)), Ledger.top(word), Ledger.window(word));
    }

    /// @inheritdoc ILeaseMarket
    function creditOf(address token, address funder, bytes32 ref) external view returns (uint128) {
        return uint128(_credit[token][_creditKey(funder, ref)].value);
    }

    function _pull(address from, address account, address token, uint128 amount) private {
        _checkDeposit(account, token, amount);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        _receive(account, token, amount, before);
    }

    function _checkDeposit(address account, address token, uint128 amount) private view {
        if (amount == 0) revert ZeroAmount();
        if (account == address(0)) revert ZeroAddress();
        _openToken(token);
    }

    /// @dev A token that keeps a part of a transfer would make the ledger promise more than there is.
    function _receive(address account, address token, uint128 amount, uint256 before) private {
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert WrongAmountReceived(received, amount);
        _creditCash(token, account, amount);
        emit Deposited(account, token, amount);
    }

    function _account(address token, address account) internal view returns (Word storage) {
        return _ledger[uint160(token)][uint160(account)];
    }

    function _debit(address token, address account, uint128 amount) internal {
        Word storage word = _account(token, account);
        word.value = Ledger.debit(word.value, amount);
    }

    function _creditCash(address token, address account, uint128 amount) internal {
        Word storage word = _account(token, account);
        word.value = Ledger.credit(word.value, amount);
    }

    function _addCredit(address token, bytes32 key, uint128 amount) internal {
        Word storage word = _credit[token][key];
        if (uint256(uint128(word.value)) + amount > type(uint128).max) revert CashOverflow();
        word.value = (word.value + amount) | CREDIT_TOUCHED;
    }

    function _takeCredit(address token, bytes32 key, uint128 amount) internal {
        Word storage word = _credit[token][key];
        uint128 has = uint128(word.value);
        if (has < amount) revert InsufficientCash(has, amount);
        word.value -= amount;
    }
}
