// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, Offer, Order, Terms} from "../interfaces/ILeaseMarket.sol";

/// @title EIP-712 struct hashes of the lease market
/// @dev Calldata structs of static members are already abi.encode'd, so hashing copies them once. Words are hashed as
/// they came. A signer can sign words with dirty high bits if he makes the hash himself, so whoever reads a member cuts
/// it to its width (Words); the hash of such an offer or order in LeaseOpened is the one that was signed.
library LeaseHash {
    bytes32 internal constant OFFER_TYPEHASH = keccak256(
        "Offer(address provider,address payTo,address token,uint64 unit,bytes32 spec,uint96 rate,uint32 minSeconds,uint32 maxSeconds,uint32 grace,uint40 notBefore,uint40 expiry,uint32 counter,address client)"
    );
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "Order(address client,address token,uint96 maxRate,uint96 bid,uint128 maxEscrow,uint32 duration,address key,bytes32 units,uint40 expiry,uint32 nonce,uint32 counter,uint64 gang,address funder,bytes32 fundingRef)"
    );
    bytes32 internal constant MANDATE_TYPEHASH = keccak256(
        "Mandate(address client,address operator,address token,uint96 maxRate,uint128 maxEscrow,uint128 maxTotal,bytes32 providers,uint40 expiry,uint32 counter,uint32 salt)"
    );
    bytes32 internal constant MANDATED_ORDER_TYPEHASH = keccak256("MandatedOrder(bytes32 mandate,bytes32 order)");
    bytes32 internal constant OFFER_BATCH_TYPEHASH = keccak256("OfferBatch(bytes32 root)");
    bytes32 internal constant PAYMENT_NOTE_TYPEHASH = keccak256("PaymentNote(bytes32 lease,uint128 total)");
    bytes32 internal constant CLOSE_TYPEHASH = keccak256("Close(bytes32 lease,uint128 total)");
    bytes32 internal constant REQUEST_CLOSE_TYPEHASH = keccak256("RequestClose(bytes32 lease)");
    bytes32 internal constant TOP_UP_TYPEHASH = keccak256("TopUp(bytes32 lease,uint32 addSeconds,uint40 expectedEnd)");
    bytes32 internal constant CANCEL_ALL_TYPEHASH = keccak256("CancelAll(address account,uint32 counter)");
    bytes32 internal constant REVOKE_MANDATE_TYPEHASH = keccak256("RevokeMandate(bytes32 mandate)");

    function offer(Offer calldata o) internal pure returns (bytes32 h) {
        bytes32 typehash = OFFER_TYPEHASH;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            calldatacopy(add(m, 0x20), o, 0x1a0) // 13 words
            h := keccak256(m, 0x1c0)
        }
    }

    function order(Order calldata o) internal pure returns (bytes32 h) {
        bytes32 typehash = ORDER_TYPEHASH;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            calldatacopy(add(m, 0x20), o, 0x1c0) // 14 words
            h := keccak256(m, 0x1e0)
        }
    }

    function mandate(Mandate calldata o) internal pure returns (bytes32 h) {
        bytes32 typehash = MANDATE_TYPEHASH;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            calldatacopy(add(m, 0x20), o, 0x140) // 10 words
            h := keccak256(m, 0x160)
        }
    }

    // Byte offsets of the members of Terms that change.
    uint256 internal constant TERMS_ESCROW = 0x100;
    uint256 internal constant TERMS_PAID = 0x120;
    uint256 internal constant TERMS_END = 0x160;
    uint256 internal constant TERMS_CLOSE_AT = 0x1a0;

    /// @dev keccak256(abi.encode(terms)).
    function terms(Terms calldata t) internal pure returns (uint256 h) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, t, 0x240) // 18 words
            h := keccak256(m, 0x240)
        }
    }

    /// @dev The hash of the terms with two words changed; `a` and `b` are byte offsets of members.
    function termsWith(Terms calldata t, uint256 a, uint256 valueOfA, uint256 b, uint256 valueOfB)
        internal
        pure
        returns (uint256 h)
    {
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, t, 0x240)
            mstore(add(m, a), valueOfA)
            mstore(add(m, b), valueOfB)
            h := keccak256(m, 0x240)
        }
    }

    /// @dev keccak256(abi.encode(typehash, a)).
    function one(bytes32 typehash, bytes32 a) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            mstore(0x00, typehash)
            mstore(0x20, a)
            h := keccak256(0x00, 0x40)
        }
    }

    /// @dev keccak256(abi.encode(typehash, a, b)).
    function two(bytes32 typehash, bytes32 a, uint256 b) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            mstore(add(m, 0x20), a)
            mstore(add(m, 0x40), b)
            h := keccak256(m, 0x60)
        }
    }

    /// @dev keccak256(abi.encode(typehash, a, b, c)).
    function three(bytes32 typehash, bytes32 a, uint256 b, uint256 c) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            mstore(add(m, 0x20), a)
            mstore(add(m, 0x40), b)
            mstore(add(m, 0x60), c)
            h := keccak256(m, 0x80)
        }
    }

    /// @dev The digest that is signed: keccak256(0x1901 || domain || structHash).
    function digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hex"1901")
            mstore(add(m, 0x02), domain)
            mstore(add(m, 0x22), structHash)
            h := keccak256(m, 0x42)
        }
    }

    /// @dev keccak256(abi.encode(block.chainid, this, provider, unit, seq)).
    function lease(uint256 provider, uint256 unit, uint256 seq) internal view returns (bytes32 h) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, chainid())
            mstore(add(m, 0x20), address())
            mstore(add(m, 0x40), provider)
            mstore(add(m, 0x60), unit)
            mstore(add(m, 0x80), seq)
            h := keccak256(m, 0xa0)
        }
    }

    /// @dev Leaf of an offer batch: its struct hash, hashed again, so that no inner node can pass for a leaf.
    function offerLeaf(bytes32 offerStructHash) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            mstore(0x00, offerStructHash)
            h := keccak256(0x00, 0x20)
        }
    }

    /// @dev Leaf of a list of allowed units: keccak256(keccak256(abi.encode(provider, unit))).
    function unitLeaf(uint256 provider, uint256 unit) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            mstore(0x00, provider)
            mstore(0x20, unit)
            mstore(0x00, keccak256(0x00, 0x40))
            h := keccak256(0x00, 0x20)
        }
    }

    /// @dev The root that `leaf` and `proof` lead to (sorted pairs).
    function root(bytes32[] calldata proof, bytes32 leaf) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            h := leaf
            let offset := proof.offset
            for { let end := add(offset, shl(5, proof.length)) } lt(offset, end) { offset := add(offset, 0x20) } {
                let sibling := calldataload(offset)
                let place := shl(5, gt(h, sibling))
                mstore(place, h)
                mstore(xor(place, 0x20), sibling)
                h := keccak256(0x00, 0x40)
            }
        }
    }
}
