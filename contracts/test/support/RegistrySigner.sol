// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {UnitRegistry} from "../../src/UnitRegistry.sol";
import {Auth, UnitInput} from "../../src/interfaces/IUnitRegistry.sol";
import {Authority} from "./Authority.sol";

/// @dev Signs the registry's actions from their EIP-712 types, written out a second time to be compared with.
abstract contract RegistrySigner is Authority {
    UnitRegistry internal registry;

    string private constant TAIL = "uint256 nonce,uint40 deadline)";
    string private constant UNIT = "Unit(uint64 unit,bytes32 machine,bytes32 spec)";

    /// @dev `kind` is Register or Update.
    function _signProvider(
        uint256 key,
        string memory kind,
        address provider,
        address payout,
        bytes32 metadata
    ) internal view returns (Auth memory) {
        bytes32 t = keccak256(
            abi.encodePacked(kind, "Provider(address provider,address payout,bytes32 metadata,", TAIL)
        );
        return _sign(key, abi.encode(t, provider, payout, metadata, registry.nonces(provider), _deadline()));
    }

    /// @dev `kind` is RegisterMachine or ChangeAgent.
    function _signMachine(
        uint256 key,
        string memory kind,
        address provider,
        bytes32 machine,
        address agent
    ) internal view returns (Auth memory) {
        bytes32 t = keccak256(abi.encodePacked(kind, "(address provider,bytes32 machine,address agent,", TAIL));
        return _sign(key, abi.encode(t, provider, machine, agent, registry.nonces(provider), _deadline()));
    }

    function _signRetireMachine(uint256 key, address provider, bytes32 machine) internal view returns (Auth memory) {
        bytes32 t = keccak256(abi.encodePacked("RetireMachine(address provider,bytes32 machine,", TAIL));
        return _sign(key, abi.encode(t, provider, machine, registry.nonces(provider), _deadline()));
    }

    /// @dev `kind` is RegisterUnits or UpdateUnits.
    function _signUnits(
        uint256 key,
        string memory kind,
        address provider,
        UnitInput[] memory units
    ) internal view returns (Auth memory) {
        bytes memory hashes;
        for (uint256 i; i < units.length; ++i) {
            UnitInput memory u = units[i];
            hashes = bytes.concat(hashes, keccak256(abi.encode(keccak256(bytes(UNIT)), u.unit, u.machine, u.spec)));
        }
        bytes32 t = keccak256(abi.encodePacked(kind, "(address provider,Unit[] units,", TAIL, UNIT));
        return _sign(key, abi.encode(t, provider, keccak256(hashes), registry.nonces(provider), _deadline()));
    }

    function _signRetireUnits(
        uint256 key,
        address provider,
        uint64[] memory units
    ) internal view returns (Auth memory) {
        bytes memory words;
        for (uint256 i; i < units.length; ++i) words = bytes.concat(words, abi.encode(units[i]));
        bytes32 t = keccak256(abi.encodePacked("RetireUnits(address provider,uint64[] units,", TAIL));
        return _sign(key, abi.encode(t, provider, keccak256(words), registry.nonces(provider), _deadline()));
    }

    /// @dev Units 0, 1, ... of one machine with one spec.
    function _units(uint256 count, bytes32 machine, bytes32 spec) internal pure returns (UnitInput[] memory units) {
        units = new UnitInput[](count);
        for (uint256 i; i < count; ++i) units[i] = UnitInput(uint64(i), machine, spec);
    }

    function _numbers(uint256 count) internal pure returns (uint64[] memory numbers) {
        numbers = new uint64[](count);
        for (uint256 i; i < count; ++i) numbers[i] = uint64(i);
    }

    function _deadline() private view returns (uint40) {
        return uint40(block.timestamp + 1 hours);
    }

    function _sign(uint256 key, bytes memory struct_) private view returns (Auth memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Corepool UnitRegistry"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, keccak256(struct_))));
        return Auth(_deadline(), abi.encodePacked(r, s, v));
    }
}
