// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {UnitRegistry} from "../../src/UnitRegistry.sol";
import {Auth, IUnitRegistry, UnitInput} from "../../src/interfaces/IUnitRegistry.sol";
import {RegistryBase} from "../support/RegistryBase.sol";
import {OwnedWallet} from "../support/Wallets.sol";

contract UnitRegistryAuthTest is RegistryBase {
    // @tree it should refuse a stranger without a signature
    function test_Auth_RevertWhen_Stranger() external {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(
            IUnitRegistry.UnitRegistry_NotProvider.selector,
            stranger,
            provider
        );
        vm.expectRevert(refusal);
        registry.registerProvider(provider, payout, 0, none);
        vm.expectRevert(refusal);
        registry.updateProvider(provider, payout, 0, none);
        vm.expectRevert(refusal);
        registry.registerMachine(provider, MACHINE, agent, none);
        vm.expectRevert(refusal);
        registry.changeAgent(provider, MACHINE, agent, none);
        vm.expectRevert(refusal);
        registry.retireMachine(provider, MACHINE, none);
        vm.expectRevert(refusal);
        registry.registerUnits(provider, _units(1, MACHINE, SPEC), none);
        vm.expectRevert(refusal);
        registry.updateUnits(provider, _units(1, MACHINE, SPEC), none);
        vm.expectRevert(refusal);
        registry.retireUnits(provider, _numbers(1), none);
    }

    // @tree it should let anyone relay every action with the provider's signature
    function test_Auth_Relayed() external {
        vm.startPrank(stranger);
        registry.registerProvider(provider, payout, SPEC, _signProvider(key, "Register", provider, payout, SPEC));
        registry.updateProvider(provider, agent, 0, _signProvider(key, "Update", provider, agent, 0));
        assertEq(registry.providerOf(provider).payout, agent);
        registry.registerMachine(provider, MACHINE, agent, _signMachine(key, "RegisterMachine", provider, MACHINE, agent));
        registry.changeAgent(provider, MACHINE, payout, _signMachine(key, "ChangeAgent", provider, MACHINE, payout));
        assertEq(registry.machineOf(provider, MACHINE).agent, payout);
        UnitInput[] memory units = _units(2, MACHINE, SPEC);
        registry.registerUnits(provider, units, _signUnits(key, "RegisterUnits", provider, units));
        units[1].spec = OTHER;
        registry.updateUnits(provider, units, _signUnits(key, "UpdateUnits", provider, units));
        assertEq(registry.unitOf(provider, 1).spec, OTHER);
        registry.retireUnits(provider, _numbers(1), _signRetireUnits(key, provider, _numbers(1)));
        assertFalse(registry.isLive(provider, 0));
        assertTrue(registry.isLive(provider, 1));
        registry.retireMachine(provider, MACHINE, _signRetireMachine(key, provider, MACHINE));
        assertFalse(registry.isLive(provider, 1));
        assertEq(registry.nonces(provider), 8);
    }

    // @tree it should refuse a signature a second time
    function test_Auth_RevertWhen_Replayed() external {
        _register();
        Auth memory auth = _signProvider(key, "Update", provider, payout, SPEC);
        registry.updateProvider(provider, payout, SPEC, auth);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadSignature.selector, provider));
        registry.updateProvider(provider, payout, SPEC, auth);
    }

    // @tree it should refuse a signature after its deadline
    function test_Auth_RevertWhen_Expired() external {
        Auth memory auth = _signProvider(key, "Register", provider, payout, 0);
        vm.warp(auth.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_Expired.selector, auth.deadline));
        registry.registerProvider(provider, payout, 0, auth);
        vm.warp(auth.deadline);
        registry.registerProvider(provider, payout, 0, auth);
    }

    // @tree it should refuse a signature over other arguments or by another key
    function test_Auth_RevertWhen_Forged() external {
        Auth memory auth = _signProvider(key, "Register", provider, payout, 0);
        bytes memory refusal = abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadSignature.selector, provider);
        vm.expectRevert(refusal);
        registry.registerProvider(provider, stranger, 0, auth);
        Auth memory later = Auth(auth.deadline + 1, auth.signature);
        vm.expectRevert(refusal);
        registry.registerProvider(provider, payout, 0, later);
        Auth memory forged = _signProvider(key + 1, "Register", provider, payout, 0);
        vm.expectRevert(refusal);
        registry.registerProvider(provider, payout, 0, forged);
        Auth memory short = Auth(auth.deadline, hex"01");
        vm.expectRevert(refusal);
        registry.registerProvider(provider, payout, 0, short);
    }

    // @tree it should refuse a signature on another chain or for another registry
    function test_Auth_RevertWhen_OtherDomain() external {
        Auth memory auth = _signProvider(key, "Register", provider, payout, 0);
        bytes memory refusal = abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadSignature.selector, provider);
        UnitRegistry twin = new UnitRegistry(address(manager));
        vm.expectRevert(refusal);
        twin.registerProvider(provider, payout, 0, auth);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(refusal);
        registry.registerProvider(provider, payout, 0, auth);
    }

    // @tree it should accept the plain signature of an account with code
    function test_Auth_DelegatedAccount() external {
        // EIP-7702: the account has code, and its code knows nothing of ERC-1271.
        vm.etch(provider, abi.encodePacked(hex"ef0100", address(manager)));
        registry.registerProvider(provider, payout, 0, _signProvider(key, "Register", provider, payout, 0));
        assertEq(registry.providerOf(provider).payout, payout);
    }

    // @tree it should accept a contract account by ERC-1271
    function test_Auth_ContractAccount() external {
        address wallet = address(new OwnedWallet(provider));
        registry.registerProvider(wallet, payout, 0, _signProvider(key, "Register", wallet, payout, 0));
        assertEq(registry.providerOf(wallet).payout, payout);
        assertEq(registry.nonces(wallet), 1);
    }

    // @tree it should refuse a contract account that says no
    function test_Auth_RevertWhen_ContractAccountRefuses() external {
        address wallet = address(new OwnedWallet(stranger));
        Auth memory auth = _signProvider(key, "Register", wallet, payout, 0);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadSignature.selector, wallet));
        registry.registerProvider(wallet, payout, 0, auth);
    }
}
