// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeaseMarketEvents} from "../interfaces/ILeaseMarketEvents.sol";

/// @title One word per account and token: uint128 cash | uint64 window << 128 | uint32 top << 192 | uint32 counter << 224
/// @dev A touched word has counter >= 1, so its slot never returns to zero and is never created twice. Mandates use the
/// same word: `committed` in the place of cash, and in the place of the counter LIVE or REVOKED.
library Ledger {
    uint256 internal constant LIVE = 1;
    uint256 internal constant REVOKED = 2;
    uint256 private constant WINDOW_SHIFT = 128;
    uint256 private constant TOP_SHIFT = 192;

    function cash(uint256 word) internal pure returns (uint128) {
        return uint128(word);
    }

    function window(uint256 word) internal pure returns (uint64) {
        return uint64(word >> WINDOW_SHIFT);
    }

    function top(uint256 word) internal pure returns (uint32) {
        return uint32(word >> TOP_SHIFT);
    }

    /// @dev An untouched account has counter 1.
    function counter(uint256 word) internal pure returns (uint256 c) {
        assembly {
            c := shr(224, word)
            c := add(c, iszero(c))
        }
    }

    /// @dev Gives an untouched word the counter 1 that it already counts as having.
    function touch(uint256 word) internal pure returns (uint256 touched) {
        assembly {
            touched := or(word, shl(224, iszero(shr(224, word))))
        }
    }

    /// @dev An untouched word holds nothing, so taking nothing from it leaves it untouched.
    function debit(uint256 word, uint256 amount) internal pure returns (uint256) {
        uint256 has = uint128(word);
        if (has < amount) revert ILeaseMarketEvents.InsufficientCash(uint128(has), uint128(amount));
        unchecked {
            return word - amount;
        }
    }

    function credit(uint256 word, uint256 amount) internal pure returns (uint256) {
        unchecked {
            if (uint256(uint128(word)) + amount > type(uint128).max) revert ILeaseMarketEvents.CashOverflow();
            return touch(word + amount);
        }
    }

    /// @dev Marks `nonce` as used. As in RFC 4303, 3.4.3: a nonce above `top` slides the window, one of the 63 below
    /// it is accepted once, an older one and zero never.
    function spend(uint256 word, uint256 nonce) internal pure returns (uint256) {
        uint256 highest = top(word);
        uint256 seen = window(word);
        unchecked {
            if (nonce > highest) {
                uint256 shift = nonce - highest;
                seen = shift < 64 ? uint64(seen << shift) | 1 : 1;
                highest = nonce;
            } else {
                uint256 back = highest - nonce;
                if (back > 63 || nonce == 0) revert ILeaseMarketEvents.NonceTooOld(uint32(nonce));
                if ((seen >> back) & 1 == 1) revert ILeaseMarketEvents.NonceUsed(uint32(nonce));
                seen |= 1 << back;
            }
            return (touch(word) & ~(uint256(type(uint96).max) << WINDOW_SHIFT)) | (seen << WINDOW_SHIFT)
                | (highest << TOP_SHIFT);
        }
    }

    /// @dev The word under a new counter: cash stays, the window starts anew because every older order is void.
    function withCounter(uint256 word, uint32 next) internal pure returns (uint256) {
        return uint256(uint128(word)) | (uint256(next) << 224);
    }
}
