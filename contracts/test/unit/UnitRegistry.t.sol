// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUnitRegistry} from "../../src/interfaces/IUnitRegistry.sol";
import {RegistryBase} from "../support/RegistryBase.sol";

contract UnitRegistryTest is RegistryBase {
    /* PROVIDERS */

    // @tree it should record and announce the provider
    function test_RegisterProvider() external {
        vm.expectEmit();
        emit IUnitRegistry.ProviderRegistered(provider, payout, SPEC);
        vm.prank(provider);
        registry.registerProvider(provider, payout, SPEC, none);
        IUnitRegistry.Provider memory p = registry.providerOf(provider);
        assertEq(p.payout, payout);
        assertEq(p.metadata, SPEC);
        assertEq(p.since, block.timestamp);
        assertEq(registry.nonces(provider), 0);
    }

    // @tree it should take the account itself for a payout address of zero
    function test_RegisterProvider_OwnPayout() external {
        vm.startPrank(provider);
        vm.expectEmit();
        emit IUnitRegistry.ProviderRegistered(provider, provider, 0);
        registry.registerProvider(provider, address(0), 0, none);
        registry.updateProvider(provider, payout, 0, none);
        vm.expectEmit();
        emit IUnitRegistry.ProviderUpdated(provider, provider, 0);
        registry.updateProvider(provider, address(0), 0, none);
    }

    // @tree it should refuse a provider that is registered
    function test_RegisterProvider_RevertWhen_Registered() external {
        _register();
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_ProviderExists.selector, provider));
        vm.prank(provider);
        registry.registerProvider(provider, payout, 0, none);
    }

    // @tree it should refuse new providers while paused
    function test_RegisterProvider_RevertWhen_Paused() external {
        _pause();
        vm.expectRevert(IUnitRegistry.UnitRegistry_Paused.selector);
        vm.prank(provider);
        registry.registerProvider(provider, payout, 0, none);
    }

    // @tree it should change payout address and profile, and keep the date
    function test_UpdateProvider() external {
        _register();
        _pause();
        vm.warp(block.timestamp + 1);
        vm.expectEmit();
        emit IUnitRegistry.ProviderUpdated(provider, agent, OTHER);
        vm.prank(provider);
        registry.updateProvider(provider, agent, OTHER, none);
        IUnitRegistry.Provider memory p = registry.providerOf(provider);
        assertEq(p.payout, agent);
        assertEq(p.metadata, OTHER);
        assertEq(p.since, block.timestamp - 1);
    }

    // @tree it should refuse to update an unknown provider
    function test_UpdateProvider_RevertWhen_Unknown() external {
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownProvider.selector, provider));
        vm.prank(provider);
        registry.updateProvider(provider, payout, 0, none);
    }

    /* MACHINES */

    // @tree it should record and announce the machine
    function test_RegisterMachine() external {
        _register();
        vm.expectEmit();
        emit IUnitRegistry.MachineRegistered(provider, MACHINE, agent);
        _connect(MACHINE);
        IUnitRegistry.Machine memory m = registry.machineOf(provider, MACHINE);
        assertEq(m.agent, agent);
        assertEq(m.since, block.timestamp);
        assertFalse(m.retired);
    }

    // @tree it should refuse a machine of an unknown provider
    function test_RegisterMachine_RevertWhen_UnknownProvider() external {
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownProvider.selector, provider));
        _connect(MACHINE);
    }

    // @tree it should refuse a zero id and a zero agent
    function test_RegisterMachine_RevertWhen_Zero() external {
        _register();
        vm.startPrank(provider);
        vm.expectRevert(IUnitRegistry.UnitRegistry_Zero.selector);
        registry.registerMachine(provider, 0, agent, none);
        vm.expectRevert(IUnitRegistry.UnitRegistry_Zero.selector);
        registry.registerMachine(provider, MACHINE, address(0), none);
    }

    // @tree it should refuse an id that the provider has or had
    function test_RegisterMachine_RevertWhen_Known() external {
        _register();
        _connect(MACHINE);
        bytes memory refusal = abi.encodeWithSelector(IUnitRegistry.UnitRegistry_MachineExists.selector, MACHINE);
        vm.expectRevert(refusal);
        _connect(MACHINE);
        vm.prank(provider);
        registry.retireMachine(provider, MACHINE, none);
        vm.expectRevert(refusal);
        _connect(MACHINE);
    }

    // @tree it should let two providers use one id
    function test_RegisterMachine_SameIdElsewhere() external {
        _register();
        _connect(MACHINE);
        vm.startPrank(stranger);
        registry.registerProvider(stranger, address(0), 0, none);
        registry.registerMachine(stranger, MACHINE, payout, none);
        assertEq(registry.machineOf(provider, MACHINE).agent, agent);
        assertEq(registry.machineOf(stranger, MACHINE).agent, payout);
    }

    // @tree it should refuse new machines while paused
    function test_RegisterMachine_RevertWhen_Paused() external {
        _register();
        _pause();
        vm.expectRevert(IUnitRegistry.UnitRegistry_Paused.selector);
        _connect(MACHINE);
    }

    // @tree it should change the agent's key and keep the date
    function test_ChangeAgent() external {
        _register();
        _connect(MACHINE);
        _pause();
        vm.warp(block.timestamp + 1);
        vm.expectEmit();
        emit IUnitRegistry.AgentChanged(provider, MACHINE, payout);
        vm.prank(provider);
        registry.changeAgent(provider, MACHINE, payout, none);
        assertEq(registry.machineOf(provider, MACHINE).agent, payout);
        assertEq(registry.machineOf(provider, MACHINE).since, block.timestamp - 1);
    }

    // @tree it should refuse a zero key
    function test_ChangeAgent_RevertWhen_Zero() external {
        _register();
        _connect(MACHINE);
        vm.expectRevert(IUnitRegistry.UnitRegistry_Zero.selector);
        vm.prank(provider);
        registry.changeAgent(provider, MACHINE, address(0), none);
    }

    // @tree it should refuse unknown and retired machines
    function test_ChangeAgent_RevertWhen_Unknown() external {
        _register();
        bytes memory refusal = abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownMachine.selector, MACHINE);
        vm.startPrank(provider);
        vm.expectRevert(refusal);
        registry.changeAgent(provider, MACHINE, payout, none);
        registry.registerMachine(provider, MACHINE, agent, none);
        registry.retireMachine(provider, MACHINE, none);
        vm.expectRevert(refusal);
        registry.changeAgent(provider, MACHINE, payout, none);
    }

    // @tree it should take the machine's units with it
    function test_RetireMachine() external {
        _describe();
        _pause();
        assertTrue(registry.isLive(provider, 1));
        vm.expectEmit();
        emit IUnitRegistry.MachineRetired(provider, MACHINE);
        vm.prank(provider);
        registry.retireMachine(provider, MACHINE, none);
        assertTrue(registry.machineOf(provider, MACHINE).retired);
        assertFalse(registry.isLive(provider, 1));
        assertEq(registry.unitOf(provider, 1).machine, MACHINE);
    }

    // @tree it should refuse a machine that is unknown or already retired
    function test_RetireMachine_RevertWhen_Unknown() external {
        _register();
        bytes memory refusal = abi.encodeWithSelector(IUnitRegistry.UnitRegistry_UnknownMachine.selector, MACHINE);
        vm.startPrank(provider);
        vm.expectRevert(refusal);
        registry.retireMachine(provider, MACHINE, none);
        registry.registerMachine(provider, MACHINE, agent, none);
        registry.retireMachine(provider, MACHINE, none);
        vm.expectRevert(refusal);
        registry.retireMachine(provider, MACHINE, none);
    }

    /* GUARDIANS */

    // @tree it should refuse strangers
    function test_Pause_RevertWhen_Stranger() external {
        vm.startPrank(stranger);
        _expectUnauthorised(stranger);
        registry.pause();
        _expectUnauthorised(stranger);
        registry.unpause();
    }

    // @tree it should say what it did
    function test_Pause() external {
        vm.startPrank(guardian);
        vm.expectEmit();
        emit IUnitRegistry.EntryPaused(true);
        registry.pause();
        assertTrue(registry.paused());
        vm.expectEmit();
        emit IUnitRegistry.EntryPaused(false);
        registry.unpause();
        assertFalse(registry.paused());
    }
}
