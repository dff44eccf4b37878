// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Offer, OpenArgs, Order, SettleArgs, Terms} from "../interfaces/ILeaseMarket.sol";

/// @dev A storage word that can be pointed at, so that its place is computed once.
struct Word {
    uint256 value;
}

/// @dev Offer, Order and Terms as bare words: same members, same order.
struct OfferWords {
    uint256 provider;
    uint256 payTo;
    uint256 token;
    uint256 unit;
    uint256 spec;
    uint256 rate;
    uint256 minSeconds;
    uint256 maxSeconds;
    uint256 grace;
    uint256 notBefore;
    uint256 expiry;
    uint256 counter;
    uint256 client;
}

struct OrderWords {
    uint256 client;
    uint256 token;
    uint256 maxRate;
    uint256 bid;
    uint256 maxEscrow;
    uint256 duration;
    uint256 key;
    uint256 units;
    uint256 expiry;
    uint256 nonce;
    uint256 counter;
    uint256 gang;
    uint256 funder;
    uint256 fundingRef;
}

struct TermsWords {
    uint256 provider;
    uint256 unit;
    uint256 seq;
    uint256 client;
    uint256 payTo;
    uint256 key;
    uint256 token;
    uint256 rate;
    uint256 escrow;
    uint256 paid;
    uint256 start;
    uint256 end;
    uint256 maxEnd;
    uint256 closeAt;
    uint256 grace;
    uint256 feeBps;
    uint256 funder;
    uint256 fundingRef;
}

/// @title Calldata structs read as words
/// @dev The compiler checks every narrow member each time it is read, which the hot paths cannot afford. Words of
/// live terms are clean because their hash is the stored one. Words of offers and orders are cut to their width where
/// they are used. The signature covers them as they came: dirty bits that nobody signed fail as a bad signature, and dirty
/// bits that somebody did sign must mean nothing, which is why every use cuts and every key of a mapping is clean.
library Words {
    function from(Offer calldata o) internal pure returns (OfferWords calldata w) {
        assembly {
            w := o
        }
    }

    function from(Order calldata o) internal pure returns (OrderWords calldata w) {
        assembly {
            w := o
        }
    }

    function from(Terms calldata t) internal pure returns (TermsWords calldata w) {
        assembly {
            w := t
        }
    }

    // Byte offsets of the dynamic members in the heads of OpenArgs and SettleArgs.
    uint256 internal constant OFFER_SIG = 0x360;
    uint256 internal constant OFFER_PROOF = 0x380;
    uint256 internal constant ORDER_SIG = 0x3a0;
    uint256 internal constant UNIT_PROOF = 0x3c0;
    uint256 internal constant MANDATE = 0x3e0;
    uint256 internal constant NOTE_SIG = 0x240;
    uint256 internal constant CLOSE_SIG = 0x260;

    /// @dev A dynamic member without the compiler's bounds checks: what lies outside calldata reads as zeros, and the
    /// bytes only ever serve as a signature or a proof, which must then be right.
    function bytesAt(OpenArgs calldata args, uint256 member) internal pure returns (bytes calldata b) {
        assembly {
            let at := add(args, calldataload(add(args, member)))
            b.length := calldataload(at)
            b.offset := add(at, 0x20)
        }
    }

    /// @dev The same for a proof.
    function proofAt(OpenArgs calldata args, uint256 member) internal pure returns (bytes32[] calldata p) {
        assembly {
            let at := add(args, calldataload(add(args, member)))
            p.length := calldataload(at)
            p.offset := add(at, 0x20)
        }
    }

    /// @dev The same for a settlement.
    function bytesAt(SettleArgs calldata args, uint256 member) internal pure returns (bytes calldata b) {
        assembly {
            let at := add(args, calldataload(add(args, member)))
            b.length := calldataload(at)
            b.offset := add(at, 0x20)
        }
    }

    /// @dev `a || b` without a jump; both are evaluated.
    function either(bool a, bool b) internal pure returns (bool c) {
        assembly {
            c := or(a, b)
        }
    }

    function toAddress(uint256 word) internal pure returns (address) {
        return address(uint160(word));
    }
}
