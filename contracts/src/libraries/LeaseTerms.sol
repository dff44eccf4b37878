// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeaseMarketEvents} from "../interfaces/ILeaseMarketEvents.sol";
import {OfferWords, OrderWords} from "./Words.sol";

/// @title The terms of a new lease, built in memory as abi.encode(Terms) would write them
/// @dev Every member is cut to its width here, so the words whose hash is stored are clean.
library LeaseTerms {
    /// @param rate At most 96 bits.
    /// @param escrow At most 128 bits.
    /// @param seq At most 32 bits.
    /// @param feeBps At most 16 bits.
    /// @return t Memory position of the 18 words.
    function build(
        OfferWords calldata offer,
        OrderWords calldata order,
        uint256 rate,
        uint256 escrow,
        uint256 seq,
        uint256 feeBps
    ) internal view returns (uint256 t) {
        assembly ("memory-safe") {
            let a := 0xffffffffffffffffffffffffffffffffffffffff
            t := mload(0x40)
            mstore(0x40, add(t, 0x240))
            let provider := and(calldataload(offer), a)
            mstore(t, provider)
            mstore(add(t, 0x20), and(calldataload(add(offer, 0x60)), 0xffffffffffffffff)) // unit
            mstore(add(t, 0x40), seq)
            mstore(add(t, 0x60), and(calldataload(order), a)) // client
            let payTo := and(calldataload(add(offer, 0x20)), a)
            if iszero(payTo) { payTo := provider }
            mstore(add(t, 0x80), payTo)
            mstore(add(t, 0xa0), and(calldataload(add(order, 0xc0)), a)) // key
            mstore(add(t, 0xc0), and(calldataload(add(offer, 0x40)), a)) // token
            mstore(add(t, 0xe0), rate)
            mstore(add(t, 0x100), escrow)
            mstore(add(t, 0x120), 0) // paid
            mstore(add(t, 0x140), timestamp()) // start
            mstore(add(t, 0x160), add(timestamp(), and(calldataload(add(order, 0xa0)), 0xffffffff))) // end
            mstore(add(t, 0x180), add(timestamp(), and(calldataload(add(offer, 0xe0)), 0xffffffff))) // maxEnd
            mstore(add(t, 0x1a0), 0) // closeAt
            mstore(add(t, 0x1c0), and(calldataload(add(offer, 0x100)), 0xffffffff)) // grace
            mstore(add(t, 0x1e0), feeBps)
            mstore(add(t, 0x200), and(calldataload(add(order, 0x180)), a)) // funder
            mstore(add(t, 0x220), calldataload(add(order, 0x1a0))) // fundingRef
        }
    }

    /// @dev keccak256(abi.encode(terms)).
    function hash(uint256 t) internal pure returns (uint256 h) {
        assembly ("memory-safe") {
            h := keccak256(t, 0x240)
        }
    }

    /// @dev Emits LeaseOpened; see the event for how it packs the terms.
    function emitOpened(uint256 t, bytes32 lease, bytes32 offerHash, bytes32 orderHash) internal {
        bytes32 topic = ILeaseMarketEvents.LeaseOpened.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            // token << 96 | rate
            mstore(m, or(shl(96, mload(add(t, 0xc0))), mload(add(t, 0xe0))))
            // key << 96 | unit << 32 | seq
            mstore(
                add(m, 0x20),
                or(shl(96, mload(add(t, 0xa0))), or(shl(32, mload(add(t, 0x20))), mload(add(t, 0x40))))
            )
            // payTo << 96 | start << 48 | grace << 16 | feeBps
            mstore(
                add(m, 0x40),
                or(
                    or(shl(96, mload(add(t, 0x80))), shl(48, timestamp())),
                    or(shl(16, mload(add(t, 0x1c0))), mload(add(t, 0x1e0)))
                )
            )
            // escrow << 128 | end << 40 | maxEnd
            mstore(
                add(m, 0x60),
                or(shl(128, mload(add(t, 0x100))), or(shl(40, mload(add(t, 0x160))), mload(add(t, 0x180))))
            )
            mstore(add(m, 0x80), offerHash)
            mstore(add(m, 0xa0), orderHash)
            log4(m, 0xc0, topic, lease, mload(add(t, 0x60)), mload(t))
        }
    }
}
