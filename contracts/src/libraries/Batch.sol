// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Items of a batch, each in a call of its own
/// @dev A failing item must undo itself and must not stop the others, so each one runs in a call of the contract to
/// itself. The item's bytes are copied as they are instead of being decoded and encoded again.
library Batch {
    /// @dev Where item `i` of a calldata array of dynamic structs lies; `size` is zero when the items do not follow
    /// each other in order, as every ordinary encoder writes them.
    /// @param table Calldata position of the array's first offset.
    /// @param length Number of items.
    function region(uint256 table, uint256 length, uint256 i) internal pure returns (uint256 start, uint256 size) {
        assembly ("memory-safe") {
            let at := add(table, shl(5, i))
            start := add(table, calldataload(at))
            let end := calldatasize()
            if lt(add(i, 1), length) { end := add(table, calldataload(add(at, 0x20))) }
            if and(and(lt(table, start), lt(start, end)), iszero(gt(end, calldatasize()))) { size := sub(end, start) }
        }
    }

    /// @dev Calls this contract with `selector`, `words` as head and the item behind it; the head's first word must
    /// be the item's offset.
    /// @return ok Whether it succeeded.
    /// @return reason The error's selector when it did not.
    function run(bytes4 selector, uint256[3] memory head, uint256 words, uint256 start, uint256 size)
        internal
        returns (bool ok, bytes4 reason)
    {
        assembly ("memory-safe") {
            let m := mload(0x40)
            let bytesOfHead := shl(5, words)
            mstore(m, selector)
            mcopy(add(m, 0x04), head, bytesOfHead)
            calldatacopy(add(add(m, 0x04), bytesOfHead), start, size)
            mstore(0x00, 0)
            ok := call(gas(), address(), 0, m, add(add(size, 0x04), bytesOfHead), 0x00, 0x04)
            if iszero(ok) { reason := and(mload(0x00), shl(224, 0xffffffff)) }
        }
    }
}
