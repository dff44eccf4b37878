// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CloseReason} from "../interfaces/ILeaseMarketEvents.sol";
import {ILeaseMarket, SettleArgs, Terms} from "../interfaces/ILeaseMarket.sol";
import {Batch} from "../libraries/Batch.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Cash} from "./Cash.sol";

/// @title Settling and ending leases
/// @dev I4: paid <= escrow and paid <= rate * (elapsed + grace). I7: at the end paid + refund == escrow, and
/// paid == amounts to payTo + fees, where fees == floor(paid * feeBps / 10,000) however often the lease settled.
/// I8: nothing here reads prices, pauses or other leases or calls out (ERC-1271 of a closing signature aside).
/// I9: a requested close cannot be moved.
abstract contract Closing is Cash {
    /// @inheritdoc ILeaseMarket
    function settle(SettleArgs calldata args) external {
        _settle(args, false, msg.sender);
    }

    /// @inheritdoc ILeaseMarket
    function close(SettleArgs calldata args) external {
        _settle(args, true, msg.sender);
    }

    /// @inheritdoc ILeaseMarket
    function settleMany(SettleArgs[] calldata args, bool closing) external {
        uint256 table;
        assembly {
            table := args.offset
        }
        uint256[3] memory head = [0x60, closing ? 1 : 0, uint256(uint160(msg.sender))];
        for (uint256 i = 0; i < args.length; ++i) {
            (uint256 start, uint256 size) = Batch.region(table, args.length, i);
            if (size == 0) revert BadBatchEncoding();
            (bool ok, bytes4 reason) = Batch.run(this.settleItem.selector, head, 3, start, size);
            if (!ok) emit SettleSkipped(i, reason);
        }
    }

    /// @notice One item of `settleMany`, by the contract itself.
    function settleItem(SettleArgs calldata args, bool closing, address sender) external {
        if (msg.sender != address(this)) revert OnlySelf();
        _settle(args, closing, sender);
    }

    /// @inheritdoc ILeaseMarket
    function requestClose(Terms calldata terms, bytes calldata sig) external {
        bytes32 lease = _live(terms);
        if (terms.closeAt != 0) revert CloseAlreadyRequested(terms.closeAt);
        if (sig.length != 0 || msg.sender != terms.client) {
            bytes32 digest_ = _digest(LeaseHash.one(LeaseHash.REQUEST_CLOSE_TYPEHASH, lease));
            if (Signatures.recover(digest_, sig) != terms.key && !Signatures.isFrom(terms.client, digest_, sig)) {
                revert NotPermitted();
            }
        }
        Terms memory t = terms;
        t.closeAt = uint40(block.timestamp) + CLOSE_WINDOW;
        _unit[t.provider][t.unit] = uint256(LeaseHash.termsInMemory(t));
        emit CloseRequested(lease, t.closeAt);
    }

    /// @inheritdoc ILeaseMarket
    function finalizeClose(Terms calldata terms) external {
        bytes32 lease = _live(terms);
        uint40 from = terms.end + CLOSE_WINDOW;
        CloseReason reason = CloseReason.Expired;
        if (terms.closeAt != 0 && terms.closeAt < from) {
            from = terms.closeAt;
            reason = CloseReason.Requested;
        }
        if (block.timestamp < from) revert NotClosable(from);
        _end(lease, terms, terms.paid, reason);
    }

    /// @inheritdoc ILeaseMarket
    function topUp(Terms calldata terms, uint32 addSeconds, bytes calldata sig) external {
        bytes32 lease = _live(terms);
        _openToken(terms.token);
        if (addSeconds == 0) revert ZeroAmount();
        if (terms.closeAt != 0) revert CloseAlreadyRequested(terms.closeAt);
        if (block.timestamp >= terms.end) revert LeaseOver();
        if (addSeconds > terms.maxEnd - terms.end) revert BeyondMaxEnd(terms.maxEnd);
        address payer = terms.funder == address(0) ? terms.client : terms.funder;
        if (sig.length != 0 || msg.sender != payer) {
            bytes32 structHash = LeaseHash.three(LeaseHash.TOP_UP_TYPEHASH, lease, addSeconds, terms.end);
            if (!Signatures.isFrom(payer, _digest(structHash), sig)) revert NotPermitted();
        }
        Terms memory t = terms;
        uint128 more = uint128(t.rate) * addSeconds;
        t.end += addSeconds;
        t.escrow += more;
        _takeEscrow(t.token, t.client, t.funder, t.fundingRef, more);
        _unit[t.provider][t.unit] = uint256(LeaseHash.termsInMemory(t));
        emit LeaseToppedUp(lease, t.end, t.escrow);
    }

    /// @inheritdoc ILeaseMarket
    function unitOf(address provider, uint64 unit) external view returns (bytes32) {
        return bytes32(_unit[provider][unit]);
    }

    /// @inheritdoc ILeaseMarket
    function leaseId(address provider, uint64 unit, uint32 seq) external view returns (bytes32) {
        return LeaseHash.lease(provider, unit, seq);
    }

    /// @inheritdoc ILeaseMarket
    function isLive(Terms calldata terms) public view returns (bool) {
        return _unit[terms.provider][terms.unit] == uint256(LeaseHash.terms(terms));
    }

    /// @inheritdoc ILeaseMarket
    function collectable(Terms calldata terms, uint128 total) external view returns (uint128) {
        if (!isLive(terms)) return 0;
        uint256 cap = _cap(terms);
        uint256 payable_ = total < cap ? total : cap;
        return payable_ > terms.paid ? uint128(payable_ - terms.paid) : 0;
    }

    /// @dev The id of the lease whose live terms these are.
    function _live(Terms calldata terms) private view returns (bytes32) {
        if (!isLive(terms)) revert UnknownTerms();
        return LeaseHash.lease(terms.provider, terms.unit, terms.seq);
    }

    /// @dev min(escrow, rate * (min(now, end) - start + grace)).
    function _cap(Terms calldata terms) private view returns (uint256 cap) {
        uint256 until = block.timestamp < terms.end ? block.timestamp : terms.end;
        unchecked {
            // Live terms: start <= now, start <= end, and 96 bits times 41 bits fit.
            cap = uint256(terms.rate) * (until - terms.start + terms.grace);
        }
        if (cap > terms.escrow) cap = terms.escrow;
    }

    function _settle(SettleArgs calldata args, bool closing, address sender) private {
        Terms calldata terms = args.terms;
        bytes32 lease = _live(terms);
        uint128 total = args.total;
        if (total != terms.paid) _pay(lease, args);
        if (closing) {
            if (sender != terms.provider) revert NotProvider();
            _end(lease, terms, total, CloseReason.ByProvider);
        } else if (args.closeSig.length != 0) {
            bytes32 structHash = LeaseHash.two(LeaseHash.CLOSE_TYPEHASH, lease, total);
            if (!Signatures.isFrom(terms.provider, _digest(structHash), args.closeSig)) revert BadCloseSignature();
            _end(lease, terms, total, CloseReason.Agreed);
        } else if (total != terms.paid) {
            Terms memory t = terms;
            t.paid = total;
            _unit[t.provider][t.unit] = uint256(LeaseHash.termsInMemory(t));
        }
    }

    /// @dev Checks the payment note and credits payTo and the fees with what it adds.
    function _pay(bytes32 lease, SettleArgs calldata args) private {
        Terms calldata terms = args.terms;
        uint256 total = args.total;
        uint256 paid = terms.paid;
        if (total < paid) revert TotalBelowPaid(uint128(total), uint128(paid));
        uint256 cap = _cap(terms);
        if (total > cap) revert TotalAboveCap(uint128(total), uint128(cap));
        bytes32 structHash = LeaseHash.two(LeaseHash.PAYMENT_NOTE_TYPEHASH, lease, total);
        // `key` is never zero, so a failed recovery cannot pass for it.
        if (Signatures.recover(_digest(structHash), args.noteSig) != terms.key) revert BadNoteSignature();
        uint128 fee;
        uint128 amount;
        unchecked {
            // Of the whole, not of the step: the fee does not depend on how often a lease settles.
            fee = uint128((total * terms.feeBps) / BPS - (paid * terms.feeBps) / BPS);
            amount = uint128(total - paid) - fee;
        }
        address token = terms.token;
        _ledger[token][terms.payTo] = Ledger.credit(_ledger[token][terms.payTo], amount);
        // Fees in a token never exceed its supply, which fits 128 bits.
        if (fee != 0) _fees[token] = (_fees[token] + fee) | FEES_TOUCHED;
        emit LeaseSettled(lease, uint128(total), amount, fee);
    }

    /// @dev Refunds what is left of the escrow and frees the unit; seq never returns to a value it had.
    function _end(bytes32 lease, Terms calldata terms, uint128 paid, CloseReason reason) private {
        uint128 refund = terms.escrow - paid;
        _refund(terms.token, terms.client, terms.funder, terms.fundingRef, refund);
        _unit[terms.provider][terms.unit] = uint256(terms.seq) + 1;
        emit LeaseClosed(lease, paid, refund, reason);
    }
}
