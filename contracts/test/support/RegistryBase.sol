// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {UnitRegistry} from "../../src/UnitRegistry.sol";
import {Auth} from "../../src/interfaces/IUnitRegistry.sol";
import {Artefact} from "./Artefact.sol";
import {RegistrySigner} from "./RegistrySigner.sol";

/// @dev A registry with a guardian, and the steps of one provider.
abstract contract RegistryBase is RegistrySigner, Artefact {
    bytes32 internal constant MACHINE = keccak256("machine");
    bytes32 internal constant OTHER = keccak256("other machine");
    bytes32 internal constant SPEC = keccak256("spec");
    address internal agent = makeAddr("agent");
    address internal payout = makeAddr("payout");
    address internal guardian = makeAddr("guardian");
    address internal provider;
    uint256 internal key;
    Auth internal none;

    function setUp() public {
        vm.warp(1_000_000);
        (provider, key) = makeAddrAndKey("provider");
        registry = UnitRegistry(_deployArtefact("UnitRegistry", abi.encode(manager)));
        _allow(address(registry), registry.pause.selector, guardian);
        _allow(address(registry), registry.unpause.selector, guardian);
    }

    function _register() internal {
        vm.prank(provider);
        registry.registerProvider(provider, payout, 0, none);
    }

    function _connect(bytes32 machine) internal {
        vm.prank(provider);
        registry.registerMachine(provider, machine, agent, none);
    }

    /// @dev A provider with one machine and the units 0 and 1.
    function _describe() internal {
        _register();
        _connect(MACHINE);
        vm.prank(provider);
        registry.registerUnits(provider, _units(2, MACHINE, SPEC), none);
    }

    function _pause() internal {
        vm.prank(guardian);
        registry.pause();
    }
}
