// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUnitRegistry, UnitInput} from "../../src/interfaces/IUnitRegistry.sol";
import {RegistryBase} from "../support/RegistryBase.sol";

contract UnitRegistryUnitsTest is RegistryBase {
    /* UNITS */

    // @tree it should record and announce every unit
    function test_RegisterUnits() external {
        _register();
        _connect(MACHINE);
        assertFalse(registry.isLive(provider, 0));
        vm.expectEmit();
        emit IUnitRegistry.UnitRegistered(provider, 0, MACHINE, SPEC);
        vm.expectEmit();
        emit IUnitRegistry.UnitRegistered(provider, 1, MACHINE, SPEC);
        vm.prank(provider);
        registry.registerUnits(provider, _units(2, MACHINE, SPEC), none);
        assertEq(registry.unitOf(provider, 1).machine, MACHINE);
        assertEq(registry.unitOf(provider, 1).spec, SPEC);
        assertTrue(registry.isLive(provider, 0));
        assertFalse(registry.isLive(provider, 2));
    }

    // @tree it should refuse a number that the provider has or had
    function test_RegisterUnits_RevertWhen_Known() external {
        _describe();
        bytes memory refusal = abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnitExists.selector, 0);
        vm.startPrank(provider);
        vm.expectRevert(refusal);
        registry.registerUnits(provider, _units(1, MACHINE, OTHER), none);
        registry.retireUnits(provider, _numbers(1), none);
        vm.expectRevert(refusal);
        registry.registerUnits(provider, _units(1, MACHINE, OTHER), none);
    }

    // @tree it should refuse a number twice in one call
    function test_RegisterUnits_RevertWhen_Twice() external {
        _register();
        _connect(MACHINE);
        UnitInput[] memory units = _units(2, MACHINE, SPEC);
        units[1].unit = 0;
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnitExists.selector, 0));
        vm.prank(provider);
        registry.registerUnits(provider, units, none);
    }

    // @tree it should refuse a unit of an unknown or retired machine
    function test_RegisterUnits_RevertWhen_UnknownMachine() external {
        _register();
        bytes memory refusal = abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownMachine.selector, MACHINE);
        vm.startPrank(provider);
        vm.expectRevert(refusal);
        registry.registerUnits(provider, _units(1, MACHINE, SPEC), none);
        registry.registerMachine(provider, MACHINE, agent, none);
        registry.retireMachine(provider, MACHINE, none);
        vm.expectRevert(refusal);
        registry.registerUnits(provider, _units(1, MACHINE, SPEC), none);
    }

    // @tree it should refuse a zero spec
    function test_RegisterUnits_RevertWhen_ZeroSpec() external {
        _register();
        _connect(MACHINE);
        vm.expectRevert(IUnitRegistry.UnitRegistry_Zero.selector);
        vm.prank(provider);
        registry.registerUnits(provider, _units(1, MACHINE, 0), none);
    }

    // @tree it should refuse none and more than the limit
    function test_RegisterUnits_RevertWhen_BadCount() external {
        _register();
        _connect(MACHINE);
        uint256 most = registry.MAX_UNITS();
        assertEq(most, 128);
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadCount.selector, 0));
        registry.registerUnits(provider, _units(0, MACHINE, SPEC), none);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadCount.selector, most + 1));
        registry.registerUnits(provider, _units(most + 1, MACHINE, SPEC), none);
        registry.registerUnits(provider, _units(most, MACHINE, SPEC), none);
        assertTrue(registry.isLive(provider, uint64(most - 1)));
    }

    // @tree it should refuse new units while paused
    function test_RegisterUnits_RevertWhen_Paused() external {
        _register();
        _connect(MACHINE);
        _pause();
        vm.expectRevert(IUnitRegistry.UnitRegistry_Paused.selector);
        vm.prank(provider);
        registry.registerUnits(provider, _units(1, MACHINE, SPEC), none);
    }

    // @tree it should change spec and machine
    function test_UpdateUnits() external {
        _describe();
        _connect(OTHER);
        vm.expectEmit();
        emit IUnitRegistry.UnitUpdated(provider, 0, OTHER, OTHER);
        vm.prank(provider);
        registry.updateUnits(provider, _units(1, OTHER, OTHER), none);
        assertEq(registry.unitOf(provider, 0).machine, OTHER);
        assertEq(registry.unitOf(provider, 0).spec, OTHER);
    }

    // @tree it should move a unit off a retired machine
    function test_UpdateUnits_OffRetiredMachine() external {
        _describe();
        _connect(OTHER);
        vm.startPrank(provider);
        registry.retireMachine(provider, MACHINE, none);
        registry.updateUnits(provider, _units(1, OTHER, SPEC), none);
        assertTrue(registry.isLive(provider, 0));
    }

    // @tree it should refuse to update unknown and retired units
    function test_UpdateUnits_RevertWhen_Unknown() external {
        _describe();
        vm.startPrank(provider);
        registry.retireUnits(provider, _numbers(1), none);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownUnit.selector, 0));
        registry.updateUnits(provider, _units(1, MACHINE, OTHER), none);
        UnitInput[] memory units = _units(1, MACHINE, OTHER);
        units[0].unit = 77;
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownUnit.selector, 77));
        registry.updateUnits(provider, units, none);
    }

    // @tree it should refuse to move a unit to an unknown machine
    function test_UpdateUnits_RevertWhen_UnknownMachine() external {
        _describe();
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownMachine.selector, OTHER));
        vm.prank(provider);
        registry.updateUnits(provider, _units(1, OTHER, SPEC), none);
    }

    // @tree it should work while paused
    function test_UpdateUnits_Paused() external {
        _describe();
        _pause();
        vm.prank(provider);
        registry.updateUnits(provider, _units(1, MACHINE, OTHER), none);
        assertEq(registry.unitOf(provider, 0).spec, OTHER);
    }

    // @tree it should end the units and keep their records
    function test_RetireUnits() external {
        _describe();
        _pause();
        vm.expectEmit();
        emit IUnitRegistry.UnitRetired(provider, 0);
        vm.prank(provider);
        registry.retireUnits(provider, _numbers(1), none);
        assertFalse(registry.isLive(provider, 0));
        assertTrue(registry.isLive(provider, 1));
        assertEq(registry.unitOf(provider, 0).spec, SPEC);
    }

    // @tree it should refuse to retire unknown and retired units
    function test_RetireUnits_RevertWhen_Unknown() external {
        _describe();
        vm.startPrank(provider);
        uint64[] memory twice = new uint64[](2);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownUnit.selector, 0));
        registry.retireUnits(provider, twice, none);
        twice[1] = 99;
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownUnit.selector, 99));
        registry.retireUnits(provider, twice, none);
    }

    // @tree it should refuse to retire none and more than the limit
    function test_RetireUnits_RevertWhen_BadCount() external {
        _describe();
        uint256 most = registry.MAX_UNITS();
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadCount.selector, 0));
        registry.retireUnits(provider, _numbers(0), none);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadCount.selector, most + 1));
        registry.retireUnits(provider, _numbers(most + 1), none);
    }
}
