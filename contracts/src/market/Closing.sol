// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CloseReason} from "../interfaces/ILeaseMarketEvents.sol";
import {ILeaseMarket, SettleArgs, Terms} from "../interfaces/ILeaseMarket.sol";
import {Batch} from "../libraries/Batch.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {TermsWords, Word, Words} from "../libraries/Words.sol";
import {Cash} from "./Cash.sol";

/// @title Settling and ending leases
/// @dev I4: paid <= escrow and paid <= rate * (elapsed + grace). I7: at the end paid + refund == escrow, and
/// paid == amounts to payTo + fees, where fees == floor(paid * feeBps / 10,000) however often the lease settled.
/// I8: nothing here reads prices, pauses or other leases or calls out (ERC-1271 of a closing signature aside). A
/// settlement names the terms as they are, so whoever pays a little first makes it fail once: before the close window
/// the provider just sends it again, and in the window, where time is short, nobody but him can pay.
/// I9: a requested close cannot be moved.
abstract contract Closing is Cash {
    /// @inheritdoc ILeaseMarket
    function settle(SettleArgs calldata args) external {
        _settle(args, msg.sig == ILeaseMarket.closeNow.selector, msg.sender);
    }

    /// @inheritdoc ILeaseMarket
    function closeNow(SettleArgs calldata args) external {
        _settle(args, msg.sig == ILeaseMarket.closeNow.selector, msg.sender);
    }

    /// @inheritdoc ILeaseMarket
    function settleMany(SettleArgs[] calldata args, bool closing) external {
        uint256 table;
        assembly {
            table := args.offset
        }
        uint256[3] memory head = [0x60, uint256(uint160(msg.sender)), closing ? 1 : 0];
        for (uint256 i = 0; i < args.length; ++i) {
            (uint256 start, uint256 size) = Batch.region(table, args.length, i);
            if (size == 0) revert BadBatchEncoding();
            (bool ok, bytes4 reason) = Batch.run(this.settleBatchItem.selector, head, 3, start, size);
            if (!ok) emit SettleSkipped(i, reason);
        }
    }

    /// @notice One item of `settleMany`, by the contract itself.
    function settleBatchItem(SettleArgs calldata args, address sender, bool closing) external {
        if (msg.sender != address(this)) revert OnlySelf();
        _settle(args, closing, sender);
    }

    /// @inheritdoc ILeaseMarket
    function requestClose(Terms calldata terms, bytes calldata sig) external {
        (bytes32 lease, Word storage slot) = _live(terms);
        if (terms.closeAt != 0) revert CloseAlreadyRequested(terms.closeAt);
        if (sig.length != 0 || msg.sender != terms.client) {
            bytes32 digest_ = _digest(LeaseHash.one(LeaseHash.REQUEST_CLOSE_TYPEHASH, lease));
            if (Signatures.recover(digest_, sig) != terms.key && !Signatures.isFrom(terms.client, digest_, sig)) {
                revert NotPermitted();
            }
        }
        uint40 closeAt = uint40(block.timestamp) + CLOSE_WINDOW;
        slot.value =
            LeaseHash.termsWith(terms, LeaseHash.TERMS_CLOSE_AT, closeAt, LeaseHash.TERMS_CLOSE_AT, closeAt);
        emit CloseRequested(lease, closeAt);
    }

    /// @inheritdoc ILeaseMarket
    function finalizeClose(Terms calldata terms) external {
        (bytes32 lease, Word storage slot) = _live(terms);
        TermsWords calldata t = Words.from(terms);
        uint256 from = _finalFrom(t);
        if (block.timestamp < from) revert NotClosable(uint40(from));
        CloseReason reason = from == t.closeAt ? CloseReason.Requested : CloseReason.Expired;
        _end(lease, slot, t, t.paid, 0, uint256(reason));
    }

    /// @inheritdoc ILeaseMarket
    function topUp(Terms calldata terms, uint32 addSeconds, bytes calldata sig) external {
        (bytes32 lease, Word storage slot) = _live(terms);
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
        uint128 more = uint128(terms.rate) * addSeconds;
        uint40 end = terms.end + addSeconds;
        uint128 escrow = terms.escrow + more;
        if (terms.funder == address(0)) _debit(terms.token, terms.client, more);
        else _takeCredit(terms.token, _creditKey(terms.funder, terms.fundingRef), more);
        slot.value = LeaseHash.termsWith(terms, LeaseHash.TERMS_ESCROW, escrow, LeaseHash.TERMS_END, end);
        emit LeaseToppedUp(lease, end, escrow);
    }

    /// @inheritdoc ILeaseMarket
    function unitOf(address provider, uint64 unit) external view returns (bytes32) {
        return bytes32(_slotOf(uint160(provider), unit).value);
    }

    /// @inheritdoc ILeaseMarket
    function leaseId(address provider, uint64 unit, uint32 seq) external view returns (bytes32) {
        return LeaseHash.lease(uint160(provider), unit, seq);
    }

    /// @inheritdoc ILeaseMarket
    function isLive(Terms calldata terms) public view returns (bool) {
        return _slotOf(uint160(terms.provider), terms.unit).value == LeaseHash.terms(terms);
    }

    /// @inheritdoc ILeaseMarket
    function collectable(Terms calldata terms, uint128 total) external view returns (uint128) {
        if (!isLive(terms)) return 0;
        uint256 cap = _cap(Words.from(terms));
        uint256 payable_ = total < cap ? total : cap;
        return payable_ > terms.paid ? uint128(payable_ - terms.paid) : 0;
    }

    /// @dev The id of the lease whose live terms these are, and the slot of its unit.
    function _live(Terms calldata terms) private view returns (bytes32 lease, Word storage slot) {
        TermsWords calldata t = Words.from(terms);
        slot = _slotOf(t.provider, t.unit);
        if (slot.value != LeaseHash.terms(terms)) revert UnknownTerms();
        lease = LeaseHash.lease(t.provider, t.unit, t.seq);
    }

    /// @dev min(escrow, rate * (min(now, end) - start + grace)).
    function _cap(TermsWords calldata t) private view returns (uint256 cap) {
        uint256 end = t.end;
        uint256 until = block.timestamp < end ? block.timestamp : end;
        uint256 escrow = t.escrow;
        unchecked {
            // Live terms: start <= now, start <= end, and 96 bits times 41 bits fit.
            cap = t.rate * (until - t.start + t.grace);
        }
        if (cap > escrow) cap = escrow;
    }

    /// @dev When anyone may finalise: after the requested window, or after the end and one window, whichever is first.
    function _finalFrom(TermsWords calldata t) private view returns (uint256 from) {
        uint256 closeAt = t.closeAt;
        unchecked {
            from = t.end + CLOSE_WINDOW;
        }
        if (closeAt != 0 && closeAt < from) from = closeAt;
    }

    /// @dev Whether the window runs in which the provider has to bring his last note.
    function _inCloseWindow(TermsWords calldata t) private view returns (bool) {
        if (t.closeAt == 0 && block.timestamp < t.end) return false;
        return block.timestamp < _finalFrom(t);
    }

    function _settle(SettleArgs calldata args, bool closing, address sender) private {
        (bytes32 lease, Word storage slot) = _live(args.terms);
        TermsWords calldata t = Words.from(args.terms);
        uint256 total = args.total;
        uint256 reason = uint256(CloseReason.ByProvider);
        if (!closing) {
            bytes calldata closeSig = Words.bytesAt(args, Words.CLOSE_SIG);
            if (closeSig.length == 0) {
                if (total == t.paid) return;
                if (uint160(sender) != t.provider && _inCloseWindow(t)) revert NotProvider();
                reason = uint256(CloseReason.None);
            } else {
                bytes32 digest_ = _digest(LeaseHash.two(LeaseHash.CLOSE_TYPEHASH, lease, total));
                if (!Signatures.isFrom(Words.toAddress(t.provider), digest_, closeSig)) revert BadCloseSignature();
                reason = uint256(CloseReason.Agreed);
            }
        } else if (uint160(sender) != t.provider) {
            revert NotProvider();
        }
        uint256 fee = 0;
        if (total != t.paid) fee = _pay(lease, t, total, Words.bytesAt(args, Words.NOTE_SIG));
        if (reason != 0) return _end(lease, slot, t, total, fee, reason);
        slot.value = LeaseHash.termsWith(args.terms, LeaseHash.TERMS_PAID, total, LeaseHash.TERMS_PAID, total);
        unchecked {
            emit LeaseSettled(lease, uint128(total), uint128(total - t.paid - fee), uint128(fee));
        }
    }

    /// @dev Checks the payment note and credits payTo and the fees with what it adds.
    function _pay(bytes32 lease, TermsWords calldata t, uint256 total, bytes calldata noteSig)
        private
        returns (uint256 fee)
    {
        uint256 paid = t.paid;
        if (total < paid) revert TotalBelowPaid(uint128(total), uint128(paid));
        uint256 cap = _cap(t);
        if (total > cap) revert TotalAboveCap(uint128(total), uint128(cap));
        bytes32 digest_ = _digest(LeaseHash.two(LeaseHash.PAYMENT_NOTE_TYPEHASH, lease, total));
        // `key` is never zero, so a failed recovery cannot pass for it.
        if (uint160(Signatures.recover(digest_, noteSig)) != t.key) revert BadNoteSignature();
        unchecked {
            // Of the whole, not of the step: the fee does not depend on how often a lease settles. 144 bits at most.
            uint256 feeBps = t.feeBps;
            fee = (total * feeBps) / BPS - (paid * feeBps) / BPS;
            Word storage payee = _ledger[t.token][t.payTo];
            payee.value = Ledger.credit(payee.value, total - paid - fee);
            // Listing touched the word, and fees never exceed the token's supply, which fits 128 bits.
            if (fee != 0) _fees[t.token].value += fee;
        }
    }

    /// @dev Refunds what is left of the escrow to where it came from (credit never turns into cash) and frees the
    /// unit; seq never returns to a value it had.
    function _end(
        bytes32 lease,
        Word storage slot,
        TermsWords calldata t,
        uint256 paid,
        uint256 fee,
        uint256 reason
    ) private {
        unchecked {
            // paid <= cap <= escrow
            uint128 refund = uint128(t.escrow - paid);
            slot.value = t.seq + 1;
            if (refund != 0) {
                if (t.funder == 0) {
                    Word storage client = _ledger[t.token][t.client];
                    client.value = Ledger.credit(client.value, refund);
                } else {
                    bytes32 key = _creditKey(Words.toAddress(t.funder), bytes32(t.fundingRef));
                    _addCredit(Words.toAddress(t.token), key, refund);
                }
            }
            emit LeaseClosed(lease, uint128(paid), uint128(fee), refund, uint8(reason));
        }
    }
}
