// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeaseMarket, Mandate, MandateProof, OpenArgs, Order} from "../interfaces/ILeaseMarket.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {OfferWords, OrderWords, Word, Words} from "../libraries/Words.sol";
import {Cash} from "./Cash.sol";

/// @title Who agreed to a lease
/// @dev I6: an order is spent at most once: its nonce is marked in the client's window, or in the mandate's, before the
/// escrow is taken. Without a mandate only the client's own signature moves his cash; with one, at most `maxTotal` in
/// all, on the mandate's terms.
abstract contract Consent is Cash {
    /// @dev The provider signed the offer itself, or the root of a batch that holds it (of one offer: its leaf).
    function _checkOffer(OpenArgs calldata args, bytes32 domain, bytes32 offerStruct) internal {
        address provider = Words.toAddress(Words.from(args.offer).provider);
        bytes32[] calldata proof = Words.proofAt(args, Words.OFFER_PROOF);
        bytes calldata sig = Words.bytesAt(args, Words.OFFER_SIG);
        bool ok = proof.length == 0 && Signatures.isFrom(provider, LeaseHash.digest(domain, offerStruct), sig);
        if (!ok) {
            bytes32 root = LeaseHash.root(proof, LeaseHash.offerLeaf(offerStruct));
            bytes32 digest_ = LeaseHash.digest(domain, LeaseHash.one(LeaseHash.OFFER_BATCH_TYPEHASH, root));
            // Other items of a batch may rely on this signature.
            ok = msg.sig == ILeaseMarket.open.selector
                ? Signatures.isFrom(provider, digest_, sig)
                : Signatures.isFromOnce(provider, digest_, sig);
        }
        if (!ok) revert BadOfferSignature();
    }

    /// @dev The client, or a mandate's operator, signed the order and it is unspent; takes the escrow.
    /// @param signed The digest that the client signs.
    function _commit(
        OpenArgs calldata args,
        Word storage account,
        bytes32 orderStruct,
        bytes32 signed,
        uint256 rate,
        uint256 escrow
    ) internal returns (bytes32 mandate) {
        OrderWords calldata order = Words.from(args.order);
        bytes32 units = bytes32(order.units);
        if (units != 0 && !_allowed(Words.proofAt(args, Words.UNIT_PROOF), units, args)) revert UnitNotAllowed();
        uint256 word = account.value;
        if (Ledger.counter(word) != uint32(order.counter)) revert OrderCancelled(uint32(order.counter));
        address signer = Words.toAddress(order.client);
        if (Words.bytesAt(args, Words.MANDATE).length == 0) {
            word = Ledger.spend(word, uint32(order.nonce));
        } else {
            (mandate, signer) = _spendMandate(args, rate, escrow);
            // The window that spent the nonce is this mandate's own: under another one the order would be unspent.
            signed = _digest(LeaseHash.two(LeaseHash.MANDATED_ORDER_TYPEHASH, mandate, uint256(orderStruct)));
        }
        address funder = Words.toAddress(order.funder);
        if (funder == address(0)) {
            word = Ledger.debit(word, escrow);
        } else {
            bytes32 key = _creditKey(funder, bytes32(order.fundingRef));
            _takeCredit(Words.toAddress(order.token), key, uint128(escrow));
        }
        account.value = word;
        bytes calldata sig = Words.bytesAt(args, Words.ORDER_SIG);
        // Who sends his own order has signed the transaction. Items of a batch come from this contract, which never
        // consents to anything.
        if (sig.length == 0 && msg.sender == signer && signer != address(this)) return mandate;
        if (!Signatures.isFrom(signer, signed, sig)) revert BadOrderSignature();
    }

    /// @dev Checks the mandate's bounds and its client's signature, and books the escrow and the order's nonce on it.
    /// The replay window is the mandate's own, so an operator cannot disturb the client's own orders.
    function _spendMandate(OpenArgs calldata args, uint256 rate, uint256 escrow)
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
        Order calldata order = args.order;
        if (m.client != order.client || m.token != order.token) revert MandateMismatch();
        if (m.counter != order.counter) revert MandateCancelled();
        if (block.timestamp > m.expiry) revert MandateExpired(m.expiry);
        if (rate > m.maxRate) revert RateAboveLimit(uint96(rate), m.maxRate);
        if (escrow > m.maxEscrow) revert EscrowAboveLimit(uint128(escrow), m.maxEscrow);
        if (m.providers != 0 && !_allowed(given.proof, m.providers, args)) revert ProviderNotInMandate();
        id = LeaseHash.mandate(m);
        Word storage used = _mandate[id];
        uint256 word = used.value;
        if (word >> 224 == Ledger.REVOKED) revert MandateCancelled();
        uint128 committed = Ledger.cash(word);
        if (escrow + committed > m.maxTotal) revert MandateExhausted(committed, m.maxTotal);
        used.value = Ledger.credit(Ledger.spend(word, order.nonce), escrow);
        operator = m.operator;
        if (!Signatures.isFrom(m.client, _digest(id), given.sig)) revert BadMandate();
    }

    /// @dev Whether a list names the offer's unit, or its provider with all units.
    function _allowed(bytes32[] calldata proof, bytes32 root, OpenArgs calldata args) private pure returns (bool) {
        OfferWords calldata offer = Words.from(args.offer);
        uint256 provider = uint160(offer.provider);
        return LeaseHash.root(proof, LeaseHash.unitLeaf(provider, uint64(offer.unit))) == root
            || LeaseHash.root(proof, LeaseHash.unitLeaf(provider, type(uint256).max)) == root;
    }
}
