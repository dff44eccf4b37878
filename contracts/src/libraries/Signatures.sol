// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Signatures of accounts: plain ECDSA first, then ERC-1271
/// @dev ECDSA comes first because an account under EIP-7702 has code and yet signs as a plain key. Malleated (high s)
/// and malformed signatures recover to zero, which never equals a signer.
library Signatures {
    /// @dev Enough for a P-256 or multi-owner wallet; bounded so that a wallet cannot burn a batch's gas.
    uint256 internal constant ERC1271_GAS = 500_000;

    /// @dev The signer of `digest`, or zero. Takes 65 bytes (r, s, v) or 64 bytes (r, vs; ERC-2098).
    function recover(bytes32 digest, bytes calldata sig) internal view returns (address signer) {
        assembly ("memory-safe") {
            let v := 0
            let s := calldataload(add(sig.offset, 0x20))
            switch sig.length
            case 64 {
                v := add(shr(255, s), 27)
                s := shr(1, shl(1, s))
            }
            case 65 { v := byte(0, calldataload(add(sig.offset, 0x40))) }
            // Half the order of secp256k1: the other half holds the mirror of every signature.
            if and(gt(v, 0), iszero(gt(s, 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0))) {
                let m := mload(0x40)
                mstore(m, digest)
                mstore(add(m, 0x20), v)
                mstore(add(m, 0x40), calldataload(sig.offset))
                mstore(add(m, 0x60), s)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20))
                signer := mload(0x00)
            }
        }
    }

    /// @dev Whether `signer` signed `digest`, as a key or as a contract. The zero address never did.
    function isFrom(address signer, bytes32 digest, bytes calldata sig) internal view returns (bool) {
        if (signer == address(0)) return false;
        return recover(digest, sig) == signer || isValidERC1271(signer, digest, sig);
    }

    /// @dev As `isFrom`; a success of ECDSA, which no later state can undo, is remembered for the transaction, after
    /// which the same signer and digest need no signature.
    function isFromOnce(address signer, bytes32 digest, bytes calldata sig) internal returns (bool ok) {
        if (signer == address(0)) return false;
        bytes32 key;
        assembly ("memory-safe") {
            mstore(0x00, digest)
            mstore(0x20, signer)
            key := keccak256(0x00, 0x40)
        }
        if (sig.length == 0) {
            assembly ("memory-safe") {
                ok := tload(key)
            }
            if (ok) return true;
        } else if (recover(digest, sig) == signer) {
            assembly ("memory-safe") {
                tstore(key, 1)
            }
            return true;
        }
        return isValidERC1271(signer, digest, sig);
    }

    function isValidERC1271(address signer, bytes32 digest, bytes calldata sig) internal view returns (bool ok) {
        if (signer.code.length == 0) return false;
        uint256 limit = ERC1271_GAS;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, shl(224, 0x1626ba7e)) // isValidSignature(bytes32,bytes)
            mstore(add(m, 0x04), digest)
            mstore(add(m, 0x24), 0x40)
            mstore(add(m, 0x44), sig.length)
            calldatacopy(add(m, 0x64), sig.offset, sig.length)
            mstore(0x00, 0)
            ok := staticcall(limit, signer, m, add(0x64, sig.length), 0x00, 0x20)
            ok := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0x00), shl(224, 0x1626ba7e))))
        }
    }
}
