// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFeeSource} from "../interfaces/IFeeSource.sol";
import {IFunder} from "../interfaces/IFunder.sol";
import {ILeaseMarket, Mandate, MandateProof, Offer, OpenArgs, Order, Terms} from "../interfaces/ILeaseMarket.sol";
import {Batch} from "../libraries/Batch.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {OfferWords, OrderWords, Word, Words} from "../libraries/Words.sol";
import {Cash} from "./Cash.sol";

/// @title Opening leases
/// @dev I5: a unit has at most one live lease (its slot is idle or holds one hash). I6: an order is spent at most once
/// (nonce window, counter), an offer opens nothing after its expiry or `cancelAll`. I10: the fee is at most MAX_FEE_BPS
/// and fixed at open. The only call that can change state, to a funder, comes before any storage is read.
abstract contract Opening is Cash {
    /// @inheritdoc ILeaseMarket
    function open(OpenArgs calldata args) external returns (bytes32 lease) {
        if (args.order.gang != 0) revert GangOutsideBatch(args.order.gang);
        return _open(args, false);
    }

    /// @inheritdoc ILeaseMarket
    function openMany(OpenArgs[] calldata args, bool allOrNone) external {
        if (allOrNone) _openAll(args);
        else _openEach(args);
    }

    /// @notice One item of `openMany`, by the contract itself.
    function openItem(OpenArgs calldata args) external {
        if (msg.sender != address(this)) revert OnlySelf();
        if (args.order.gang != 0) revert GangOutsideBatch(args.order.gang);
        _open(args, true);
    }

    /// @inheritdoc ILeaseMarket
    function offerHash(Offer calldata offer) external pure returns (bytes32) {
        return LeaseHash.offer(offer);
    }

    /// @inheritdoc ILeaseMarket
    function orderHash(Order calldata order) external pure returns (bytes32) {
        return LeaseHash.order(order);
    }

    /// @inheritdoc ILeaseMarket
    function mandateHash(Mandate calldata mandate) external pure returns (bytes32) {
        return LeaseHash.mandate(mandate);
    }

    function _openEach(OpenArgs[] calldata args) private {
        uint256 table;
        assembly {
            table := args.offset
        }
        uint256[3] memory head;
        head[0] = 0x20;
        for (uint256 i = 0; i < args.length; ++i) {
            (uint256 start, uint256 size) = Batch.region(table, args.length, i);
            if (size == 0) revert BadBatchEncoding();
            (bool ok, bytes4 reason) = Batch.run(this.openItem.selector, head, 1, start, size);
            if (!ok) emit OpenSkipped(i, reason);
        }
    }

    function _openAll(OpenArgs[] calldata args) private {
        uint256 left = 0; // members that the current gang still needs
        uint64 gang = 0;
        address client = address(0);
        for (uint256 i = 0; i < args.length; ++i) {
            Order calldata order = args[i].order;
            if (left == 0) {
                gang = order.gang;
                client = order.client;
                left = gang == 0 ? 1 : uint16(gang);
                if (left == 0) revert GangIncomplete(gang);
            } else if (order.gang != gang || order.client != client) {
                revert GangIncomplete(gang);
            }
            _open(args[i], true);
            --left;
        }
        if (left != 0) revert GangIncomplete(gang);
    }

    /// @dev Checks what offer and order say of each other, then the parties' words and signatures, then moves escrow.
    /// @param batch Whether other items of the same call may rely on the offer's signature.
    function _open(OpenArgs calldata args, bool batch) private returns (bytes32 lease) {
        OfferWords calldata offer = Words.from(args.offer);
        OrderWords calldata order = Words.from(args.order);
        Terms memory t;
        uint256 tokenWord = _openToken(Words.toAddress(offer.token));
        _agree(offer, order, t);
        if (t.funder != address(0)) _askFunder(args, t);
        t.feeBps = _feeBps(tokenWord, t.client, t.provider);

        mapping(address account => Word) storage book = _ledger[t.token];
        if (Ledger.counter(book[t.provider].value) != uint32(offer.counter)) {
            revert OfferCancelled(uint32(offer.counter));
        }
        bytes32 offerStruct = LeaseHash.offer(args.offer);
        _checkOffer(args, t.provider, offerStruct, batch);
        bytes32 orderStruct = LeaseHash.order(args.order);
        bytes32 mandate = _commit(args, order, book[t.client], orderStruct, t);

        Word storage slot = _unit[t.provider][t.unit];
        uint256 seq = slot.value;
        if (seq > type(uint32).max) revert UnitBusy(t.provider, t.unit);
        t.seq = uint32(seq);
        slot.value = LeaseHash.termsInMemory(t);
        lease = LeaseHash.lease(uint160(t.provider), t.unit, seq);
        _emitOpened(lease, t, offerStruct, orderStruct);
        if (mandate != 0) emit MandateUsed(mandate, lease, Ledger.cash(_mandate[mandate].value));
    }

    /// @dev The terms on which offer and order agree; fails when they do not.
    function _agree(OfferWords calldata offer, OrderWords calldata order, Terms memory t) private view {
        t.token = Words.toAddress(offer.token);
        if (t.token != Words.toAddress(order.token)) revert TokenMismatch();
        if (block.timestamp < uint40(offer.notBefore)) revert OfferNotYetValid(uint40(offer.notBefore));
        if (block.timestamp > uint40(offer.expiry)) revert OfferExpired(uint40(offer.expiry));
        if (block.timestamp > uint40(order.expiry)) revert OrderExpired(uint40(order.expiry));
        t.client = Words.toAddress(order.client);
        address invited = Words.toAddress(offer.client);
        if (invited != address(0) && invited != t.client) revert NotYourOffer(invited);
        t.key = Words.toAddress(order.key);
        if (t.key == address(0)) revert NoLeaseKey();
        uint256 duration = uint32(order.duration);
        uint256 maxSeconds = uint32(offer.maxSeconds);
        if (duration == 0 || duration < uint32(offer.minSeconds) || duration > maxSeconds) {
            revert DurationOutOfRange(uint32(duration), uint32(offer.minSeconds), uint32(maxSeconds));
        }
        uint256 rate = uint96(offer.rate);
        uint256 bid = uint96(order.bid);
        if (bid > rate) rate = bid;
        if (rate > uint96(order.maxRate)) revert RateAboveLimit(uint96(rate), uint96(order.maxRate));
        t.rate = uint96(rate);
        unchecked {
            // 96 bits times 32 bits is at most 128 bits; a timestamp and 32 bits stay below 40 bits.
            uint256 escrow = rate * duration;
            if (escrow > uint128(order.maxEscrow)) revert EscrowAboveLimit(uint128(escrow), uint128(order.maxEscrow));
            t.escrow = uint128(escrow);
            t.start = uint40(block.timestamp);
            t.end = uint40(block.timestamp + duration);
            t.maxEnd = uint40(block.timestamp + maxSeconds);
        }
        address provider = Words.toAddress(offer.provider);
        address payTo = Words.toAddress(offer.payTo);
        t.provider = provider;
        t.payTo = payTo == address(0) ? provider : payTo;
        t.unit = uint64(offer.unit);
        t.grace = uint32(offer.grace);
        t.funder = Words.toAddress(order.funder);
        t.fundingRef = bytes32(order.fundingRef);
    }

    /// @dev IFunder.authorize(order, offer, rate, escrow): both structs are static, so they are copied as they lie.
    function _askFunder(OpenArgs calldata args, Terms memory t) private {
        Order calldata order = args.order;
        Offer calldata offer = args.offer;
        address funder = t.funder;
        uint256 rate = t.rate;
        uint256 escrow = t.escrow;
        uint256 limit = FUNDER_GAS;
        bytes32 magic = bytes32(IFunder.authorize.selector);
        bool ok;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, magic)
            calldatacopy(add(m, 0x04), order, 0x1c0)
            calldatacopy(add(m, 0x1c4), offer, 0x1a0)
            mstore(add(m, 0x364), rate)
            mstore(add(m, 0x384), escrow)
            mstore(0x00, 0)
            ok := call(limit, funder, 0, m, 0x3a4, 0x00, 0x20)
            ok := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0x00), magic)))
        }
        if (!ok) revert FunderRefused(funder);
    }

    /// @dev The token's fee less a discount, which can neither fail the opening nor raise the fee.
    function _feeBps(uint256 tokenWord, address client, address provider) private view returns (uint16) {
        uint256 fee = uint16(tokenWord >> FEE_BPS_SHIFT);
        address source = address(uint160(tokenWord));
        if (source == address(0)) return uint16(fee);
        // Else a sender could withhold gas and take a discount away.
        if (gasleft() < FEE_SOURCE_GAS * 2) revert NotEnoughGas();
        bytes memory question = abi.encodeCall(IFeeSource.discountBps, (client, provider));
        uint256 discount = 0;
        uint256 limit = FEE_SOURCE_GAS;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            let ok := staticcall(limit, source, add(question, 0x20), mload(question), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 0x1f)) { discount := mload(0x00) }
        }
        if (discount > MAX_DISCOUNT_BPS) discount = MAX_DISCOUNT_BPS;
        unchecked {
            return uint16(fee - (fee * discount) / BPS);
        }
    }

    /// @dev The provider signed the offer itself, or the root of a batch that holds it.
    function _checkOffer(OpenArgs calldata args, address provider, bytes32 offerStruct, bool batch) private {
        bytes32[] calldata proof = args.offerProof;
        bool ok;
        if (proof.length == 0) {
            ok = Signatures.isFrom(provider, _digest(offerStruct), args.offerSig);
        } else {
            bytes32 root = LeaseHash.root(proof, LeaseHash.offerLeaf(offerStruct));
            bytes32 digest_ = _digest(LeaseHash.one(LeaseHash.OFFER_BATCH_TYPEHASH, root));
            ok = batch
                ? Signatures.isFromOnce(provider, digest_, args.offerSig)
                : Signatures.isFrom(provider, digest_, args.offerSig);
        }
        if (!ok) revert BadOfferSignature();
    }

    /// @dev The client, or a mandate's operator, signed the order and it is unspent; takes the escrow.
    function _commit(
        OpenArgs calldata args,
        OrderWords calldata order,
        Word storage account,
        bytes32 orderStruct,
        Terms memory t
    ) private returns (bytes32 mandate) {
        bytes32 units = bytes32(order.units);
        if (units != 0 && !_allowed(args.unitProof, units, t)) revert UnitNotAllowed();
        uint256 word = account.value;
        if (Ledger.counter(word) != uint32(order.counter)) revert OrderCancelled(uint32(order.counter));
        address signer = t.client;
        if (args.mandate.length == 0) word = Ledger.spend(word, uint32(order.nonce));
        else (mandate, signer) = _spendMandate(args, order, t);
        if (t.funder == address(0)) word = Ledger.debit(word, t.escrow);
        else _takeCredit(t.token, _creditKey(t.funder, t.fundingRef), t.escrow);
        account.value = word;
        if (!Signatures.isFrom(signer, _digest(orderStruct), args.orderSig)) revert BadOrderSignature();
    }

    /// @dev Checks the mandate's bounds and its client's signature, and books the escrow and the order's nonce on it.
    /// The replay window is the mandate's own, so an operator cannot disturb the client's own orders.
    function _spendMandate(OpenArgs calldata args, OrderWords calldata order, Terms memory t)
        private
        returns (bytes32 id, address operator)
    {
        MandateProof calldata given;
        {
            // abi.encode(Mandate, bytes, bytes32[]) lies as the struct would; members are still checked when read.
            bytes calldata raw = args.mandate;
            if (raw.length < 0x180) revert BadMandate();
            assembly {
                given := raw.offset
            }
        }
        Mandate calldata m = given.mandate;
        if (m.client != t.client || m.token != t.token) revert MandateMismatch();
        if (m.counter != uint32(order.counter)) revert MandateCancelled();
        if (block.timestamp > m.expiry) revert MandateExpired(m.expiry);
        if (t.rate > m.maxRate) revert RateAboveLimit(t.rate, m.maxRate);
        if (t.escrow > m.maxEscrow) revert EscrowAboveLimit(t.escrow, m.maxEscrow);
        if (m.providers != 0 && !_allowed(given.proof, m.providers, t)) revert ProviderNotInMandate();
        id = LeaseHash.mandate(m);
        Word storage used = _mandate[id];
        uint256 word = used.value;
        if (word >> 224 == Ledger.REVOKED) revert MandateCancelled();
        uint128 committed = Ledger.cash(word);
        if (t.escrow > m.maxTotal || committed > m.maxTotal - t.escrow) revert MandateExhausted(committed, m.maxTotal);
        used.value = Ledger.credit(Ledger.spend(word, uint32(order.nonce)), t.escrow);
        operator = m.operator;
        if (!Signatures.isFrom(m.client, _digest(id), given.sig)) revert BadMandate();
    }

    /// @dev Whether a list names this unit, or its provider with all units.
    function _allowed(bytes32[] calldata proof, bytes32 root, Terms memory t) private pure returns (bool) {
        return LeaseHash.root(proof, LeaseHash.unitLeaf(uint160(t.provider), t.unit)) == root
            || LeaseHash.root(proof, LeaseHash.unitLeaf(uint160(t.provider), type(uint256).max)) == root;
    }

    function _emitOpened(bytes32 lease, Terms memory t, bytes32 offerStruct, bytes32 orderStruct) private {
        emit LeaseOpened(
            lease,
            t.client,
            t.provider,
            (uint256(uint160(t.token)) << 96) | t.rate,
            (uint256(uint160(t.key)) << 96) | (uint256(t.unit) << 32) | t.seq,
            (uint256(uint160(t.payTo)) << 96) | (uint256(t.start) << 48) | (uint256(t.grace) << 16) | t.feeBps,
            (uint256(t.escrow) << 128) | (uint256(t.end) << 40) | t.maxEnd,
            offerStruct,
            orderStruct
        );
        if (t.funder != address(0)) emit LeaseFunded(lease, t.funder, t.fundingRef);
    }
}
