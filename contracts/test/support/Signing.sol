// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Mandate, Offer, Order, Terms} from "../../src/interfaces/ILeaseMarket.sol";

/// @dev What wallets sign, written down a second time and in plain Solidity: the market's own hashing is checked
/// against this.
abstract contract Signing is Test {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant OFFER = keccak256(
        "Offer(address provider,address payTo,address token,uint64 unit,bytes32 spec,uint96 rate,uint32 minSeconds,uint32 maxSeconds,uint32 grace,uint40 notBefore,uint40 expiry,uint32 counter,address client)"
    );
    bytes32 internal constant ORDER = keccak256(
        "Order(address client,address token,uint96 maxRate,uint96 bid,uint128 maxEscrow,uint32 duration,address key,bytes32 units,uint40 expiry,uint32 nonce,uint32 counter,uint64 gang,address funder,bytes32 fundingRef)"
    );
    bytes32 private constant MANDATE = keccak256(
        "Mandate(address client,address operator,address token,uint96 maxRate,uint128 maxEscrow,uint128 maxTotal,bytes32 providers,uint40 expiry,uint32 counter,uint32 salt)"
    );

    /// @dev Half the order of secp256k1 and the order itself.
    uint256 internal constant N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function domainOf(uint256 chainId, address market) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("Corepool LeaseMarket"), keccak256("1"), chainId, market));
    }

    function hashOf(Offer memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(OFFER, o));
    }

    function hashOf(Order memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(ORDER, o));
    }

    function hashOf(Mandate memory m) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANDATE, m));
    }

    function hashOf(Terms memory t) internal pure returns (bytes32) {
        return keccak256(abi.encode(t));
    }

    /// @dev What a mandate's operator signs for an order.
    function mandatedHash(Mandate memory m, Order memory o) internal pure returns (bytes32) {
        bytes32 typehash = keccak256("MandatedOrder(bytes32 mandate,bytes32 order)");
        return keccak256(abi.encode(typehash, hashOf(m), hashOf(o)));
    }

    function batchHash(bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("OfferBatch(bytes32 root)"), root));
    }

    function noteHash(bytes32 lease, uint128 total) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("PaymentNote(bytes32 lease,uint128 total)"), lease, total));
    }

    function closeHash(bytes32 lease, uint128 total) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Close(bytes32 lease,uint128 total)"), lease, total));
    }

    function requestCloseHash(bytes32 lease) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("RequestClose(bytes32 lease)"), lease));
    }

    function topUpHash(bytes32 lease, uint32 addSeconds, uint40 expectedEnd) internal pure returns (bytes32) {
        bytes32 typehash = keccak256("TopUp(bytes32 lease,uint32 addSeconds,uint40 expectedEnd)");
        return keccak256(abi.encode(typehash, lease, addSeconds, expectedEnd));
    }

    function cancelAllHash(address account, uint32 counter) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("CancelAll(address account,uint32 counter)"), account, counter));
    }

    function revokeHash(bytes32 mandate) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("RevokeMandate(bytes32 mandate)"), mandate));
    }

    /// @dev A 65-byte signature under any domain.
    function signUnder(bytes32 domain, uint256 key, bytes32 structHash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }

    /// @dev The same signature in the 64 bytes of ERC-2098.
    function compact(bytes memory sig) internal pure returns (bytes memory) {
        (bytes32 r, uint256 s, uint8 v) = parts(sig);
        return abi.encodePacked(r, s | (uint256(v - 27) << 255));
    }

    /// @dev The mirror of a signature (high s), which also recovers to the signer.
    function malleated(bytes memory sig) internal pure returns (bytes memory) {
        (bytes32 r, uint256 s, uint8 v) = parts(sig);
        return abi.encodePacked(r, N - s, v == 27 ? uint8(28) : uint8(27));
    }

    function parts(bytes memory sig) internal pure returns (bytes32 r, uint256 s, uint8 v) {
        assembly {
            r := mload(add(sig, 0x20))
            s := mload(add(sig, 0x40))
            v := byte(0, mload(add(sig, 0x60)))
        }
    }

    function pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function unitLeaf(address provider, uint256 unit) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(provider, unit))));
    }

    function offerLeaf(Offer memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(hashOf(o)));
    }
}
