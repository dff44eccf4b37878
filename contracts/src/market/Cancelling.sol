// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeaseMarket, Mandate} from "../interfaces/ILeaseMarket.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Word} from "../libraries/Words.sol";
import {Cash} from "./Cash.sol";

/// @title Taking signatures back
/// @dev A counter only grows, so what it voided stays void.
abstract contract Cancelling is Cash {
    /// @inheritdoc ILeaseMarket
    function cancelAll() external {
        _cancelAll(msg.sender, _nextCounter(msg.sender));
    }

    /// @inheritdoc ILeaseMarket
    function cancelAllFor(address account, uint32 counter, bytes calldata sig) external {
        uint32 next = _nextCounter(account);
        if (counter != next) revert WrongCounter(next);
        bytes32 structHash =
            LeaseHash.two(LeaseHash.CANCEL_ALL_TYPEHASH, bytes32(uint256(uint160(account))), counter);
        if (!Signatures.isFrom(account, _digest(structHash), sig)) revert NotPermitted();
        _cancelAll(account, counter);
    }

    /// @inheritdoc ILeaseMarket
    function revokeMandate(Mandate calldata mandate, bytes calldata sig) external {
        bytes32 id = LeaseHash.mandate(mandate);
        if (sig.length != 0 || msg.sender != mandate.client) {
            bytes32 digest_ = _digest(LeaseHash.one(LeaseHash.REVOKE_MANDATE_TYPEHASH, id));
            if (!Signatures.isFrom(mandate.client, digest_, sig)) revert NotPermitted();
        }
        _mandate[id].value = Ledger.withCounter(_mandate[id].value, uint32(Ledger.REVOKED));
        emit MandateRevoked(id);
    }

    /// @inheritdoc ILeaseMarket
    function mandateOf(bytes32 mandate)
        external
        view
        returns (uint128 committed, uint32 top, uint64 window, bool revoked)
    {
        uint256 word = _mandate[mandate].value;
        return (Ledger.cash(word), Ledger.top(word), Ledger.window(word), word >> 224 == Ledger.REVOKED);
    }

    /// @dev One above the highest counter in any listed token: tokens listed at different times stay in step.
    function _nextCounter(address account) private view returns (uint32 next) {
        for (uint256 i = 0; i < _tokens.length; ++i) {
            uint32 counter = uint32(Ledger.counter(_account(_tokens[i], account).value));
            if (counter > next) next = counter;
        }
        ++next;
    }

    function _cancelAll(address account, uint32 next) private {
        for (uint256 i = 0; i < _tokens.length; ++i) {
            Word storage word = _account(_tokens[i], account);
            word.value = Ledger.withCounter(word.value, next);
        }
        emit CancelledAll(account, next);
    }
}
