// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authorization} from "../../src/interfaces/ILeaseMarket.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MarketBase} from "../support/MarketBase.sol";
import {CallingToken, TakingToken} from "../support/Tokens.sol";

contract LeaseMarketCashTest is MarketBase {
    uint128 private constant AMOUNT = 7e18;

    function setUp() public override {
        super.setUp();
        vm.prank(admin);
        gp.mint(client, 10 * AMOUNT);
    }

    function _approve() private {
        vm.prank(client);
        gp.approve(address(market), AMOUNT);
    }

    /* IN */

    // @tree it should credit the depositor by deposit
    function test_Deposit() external {
        _approve();
        vm.expectEmit(address(market));
        emit Deposited(client, address(gp), AMOUNT);
        vm.prank(client);
        market.deposit(address(gp), AMOUNT);
        assertEq(_cash(client), CASH + AMOUNT);
        assertEq(gp.balanceOf(address(market)), CASH + AMOUNT);
    }

    // @tree it should credit another account by depositFor
    function test_DepositFor() external {
        _approve();
        vm.prank(client);
        market.depositFor(provider, address(gp), AMOUNT);
        assertEq(_cash(client), CASH);
        assertEq(_cash(provider), AMOUNT);
        (, uint32 counter, , ) = market.accountOf(address(gp), provider);
        assertEq(counter, 1);
    }

    // @tree it should deposit with a permit, also when someone spent it before
    function test_DepositWithPermit() external {
        (uint8 v, bytes32 r, bytes32 s) = _permit(clientKey, AMOUNT);
        vm.prank(client);
        market.depositWithPermit(address(gp), AMOUNT, block.timestamp, v, r, s);
        assertEq(_cash(client), CASH + AMOUNT);
        (v, r, s) = _permit(clientKey, AMOUNT);
        gp.permit(client, address(market), AMOUNT, block.timestamp, v, r, s);
        vm.prank(client);
        market.depositWithPermit(address(gp), AMOUNT, block.timestamp, v, r, s);
        assertEq(_cash(client), CASH + 2 * AMOUNT);
    }

    // @tree it should fail with a bad permit and no allowance
    function test_DepositWithPermit_RevertWhen_Bad() external {
        (uint8 v, bytes32 r, bytes32 s) = _permit(providerKey, AMOUNT);
        vm.prank(client);
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")));
        market.depositWithPermit(address(gp), AMOUNT, block.timestamp, v, r, s);
    }

    // @tree it should deposit by an authorisation that anyone relays
    function test_DepositWithAuthorization() external {
        Authorization memory auth = _authorize(provider);
        vm.prank(relayer);
        market.depositWithAuthorization(address(gp), provider, AMOUNT, auth);
        assertEq(_cash(provider), AMOUNT);
        assertEq(gp.balanceOf(client), 9 * AMOUNT);
        vm.prank(relayer);
        vm.expectPartialRevert(bytes4(keccak256("ERC3009UsedAuthorization(address,bytes32)")));
        market.depositWithAuthorization(address(gp), provider, AMOUNT, auth);
    }

    // @tree it should bind an authorisation to its beneficiary
    function test_DepositWithAuthorization_RevertWhen_Redirected() external {
        Authorization memory auth = _authorize(provider);
        vm.prank(stranger);
        vm.expectRevert();
        market.depositWithAuthorization(address(gp), stranger, AMOUNT, auth);
        assertEq(_cash(stranger), 0);
        bytes32 nonce = keccak256(abi.encode(block.chainid, address(market), provider, auth.salt));
        assertEq(market.authorizationNonce(provider, auth.salt), nonce);
    }

    // @tree it should refuse a token that keeps a part of the transfer
    function test_Deposit_RevertWhen_TokenTakes() external {
        TakingToken token = new TakingToken(client, AMOUNT);
        vm.prank(admin);
        market.listToken(address(token), 0);
        vm.startPrank(client);
        token.approve(address(market), AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(WrongAmountReceived.selector, AMOUNT - 1, AMOUNT));
        market.deposit(address(token), AMOUNT);
    }

    // @tree it should refuse no amount, no account, and a token that is not listed or paused
    function test_Deposit_RevertWhen_Senseless() external {
        vm.startPrank(client);
        vm.expectRevert(abi.encodeWithSelector(ZeroAmount.selector));
        market.deposit(address(gp), 0);
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        market.depositFor(address(0), address(gp), 1);
        vm.expectRevert(abi.encodeWithSelector(TokenNotListed.selector, stranger));
        market.deposit(stranger, 1);
        vm.stopPrank();
        vm.prank(admin);
        market.pause(address(gp));
        Authorization memory auth = _authorize(client);
        bytes memory why = abi.encodeWithSelector(EntryIsPaused.selector, address(gp));
        vm.startPrank(client);
        vm.expectRevert(why);
        market.deposit(address(gp), 1);
        vm.expectRevert(why);
        market.depositWithAuthorization(address(gp), client, AMOUNT, auth);
    }

    // @tree it should refuse to enter twice
    function test_Deposit_RevertWhen_Reentered() external {
        CallingToken token = new CallingToken();
        vm.prank(admin);
        market.listToken(address(token), 0);
        bytes4 locked = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        bytes[3] memory calls = [
            abi.encodeCall(market.deposit, (address(token), 1)),
            abi.encodeCall(market.withdraw, (address(token), client, 1)),
            abi.encodeCall(market.collectFees, (address(token)))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            token.callDuringTransfer(address(market), calls[i]);
            vm.prank(client);
            market.deposit(address(token), 1);
            assertEq(bytes4(token.answer()), locked);
        }
        Authorization memory auth;
        bytes[3] memory entries = [
            abi.encodeCall(market.depositFor, (client, address(token), 1)),
            abi.encodeCall(market.depositWithPermit, (address(token), 1, 0, 0, 0, 0)),
            abi.encodeCall(market.depositWithAuthorization, (address(token), client, 1, auth))
        ];
        for (uint256 i = 0; i < entries.length; ++i) {
            token.callDuringTransfer(address(market), entries[i]);
            vm.prank(client);
            market.deposit(address(token), 1);
            assertEq(bytes4(token.answer()), locked);
        }
    }

    /* OUT */

    // @tree it should send the owner's cash where he says
    function test_Withdraw() external {
        vm.expectEmit(address(market));
        emit Withdrawn(client, address(gp), stranger, AMOUNT);
        vm.prank(client);
        market.withdraw(address(gp), stranger, AMOUNT);
        assertEq(gp.balanceOf(stranger), AMOUNT);
        assertEq(_cash(client), CASH - AMOUNT);
    }

    // @tree it should refuse more than there is, no amount and no recipient
    function test_Withdraw_RevertWhen_Senseless() external {
        vm.startPrank(client);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCash.selector, CASH, CASH + 1));
        market.withdraw(address(gp), client, CASH + 1);
        vm.expectRevert(abi.encodeWithSelector(ZeroAmount.selector));
        market.withdraw(address(gp), client, 0);
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        market.withdraw(address(gp), address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        market.withdraw(address(gp), address(market), 1);
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCash.selector, 0, 1));
        market.withdraw(address(gp), stranger, 1);
    }

    // @tree it should work while entry is paused
    function test_Withdraw_Paused() external {
        vm.prank(admin);
        market.pause(address(gp));
        vm.prank(client);
        market.withdraw(address(gp), client, CASH);
        assertEq(_cash(client), 0);
    }

    /* CREDIT */

    // @tree it should move cash into a reference and back
    function test_FundRef() external {
        vm.startPrank(client);
        vm.expectEmit(address(market));
        emit CreditFunded(client, "grant", address(gp), AMOUNT);
        market.fundRef("grant", address(gp), AMOUNT);
        assertEq(market.creditOf(address(gp), client, "grant"), AMOUNT);
        assertEq(_cash(client), CASH - AMOUNT);
        vm.expectEmit(address(market));
        emit CreditUnfunded(client, "grant", address(gp), AMOUNT - 1);
        market.unfundRef("grant", address(gp), AMOUNT - 1);
        assertEq(market.creditOf(address(gp), client, "grant"), 1);
        assertEq(_cash(client), CASH - 1);
    }

    // @tree it should refuse more than the cash or the credit
    function test_FundRef_RevertWhen_TooMuch() external {
        vm.startPrank(client);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCash.selector, CASH, CASH + 1));
        market.fundRef("grant", address(gp), CASH + 1);
        vm.expectRevert(abi.encodeWithSelector(ZeroAmount.selector));
        market.fundRef("grant", address(gp), 0);
        market.fundRef("grant", address(gp), 1);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCash.selector, 1, 2));
        market.unfundRef("grant", address(gp), 2);
        vm.expectRevert(abi.encodeWithSelector(ZeroAmount.selector));
        market.unfundRef("grant", address(gp), 0);
    }

    // @tree it should refuse cash and credit that do not fit, whatever a token mints after it was listed
    function test_FundRef_RevertWhen_Overflow() external {
        CallingToken token = new CallingToken();
        vm.prank(admin);
        market.listToken(address(token), 0);
        vm.startPrank(client);
        market.deposit(address(token), type(uint128).max);
        vm.expectRevert(abi.encodeWithSelector(CashOverflow.selector));
        market.deposit(address(token), 1);
        market.fundRef("ref", address(token), type(uint128).max - 1);
        market.fundRef("ref", address(token), 1);
        market.deposit(address(token), 1);
        vm.expectRevert(abi.encodeWithSelector(CashOverflow.selector));
        market.fundRef("ref", address(token), 1);
        assertEq(market.creditOf(address(token), client, "ref"), type(uint128).max);
    }

    // @tree it should keep every funder's references apart
    function test_UnfundRef_RevertWhen_Foreign() external {
        vm.prank(client);
        market.fundRef("grant", address(gp), AMOUNT);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCash.selector, 0, AMOUNT));
        market.unfundRef("grant", address(gp), AMOUNT);
        assertEq(market.creditOf(address(gp), client, "other"), 0);
        assertEq(market.creditOf(address(usdc), client, "grant"), 0);
    }

    function _permit(uint256 key, uint256 amount) private view returns (uint8, bytes32, bytes32) {
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 body = keccak256(
            abi.encode(typehash, client, address(market), amount, gp.nonces(client), block.timestamp)
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", gp.DOMAIN_SEPARATOR(), body)));
    }

    /// @dev The client's authorisation of AMOUNT for the cash of `beneficiary`.
    function _authorize(address beneficiary) private view returns (Authorization memory auth) {
        auth.from = client;
        auth.validBefore = block.timestamp + 1;
        auth.salt = keccak256("salt");
        bytes32 nonce = keccak256(abi.encode(block.chainid, address(market), beneficiary, auth.salt));
        bytes32 typehash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 body =
            keccak256(abi.encode(typehash, client, address(market), uint256(AMOUNT), 0, auth.validBefore, nonce));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", gp.DOMAIN_SEPARATOR(), body));
        (auth.v, auth.r, auth.s) = vm.sign(clientKey, digest);
    }
}
