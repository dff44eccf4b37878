// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Auth, IUnitRegistry, UnitInput} from "../../src/interfaces/IUnitRegistry.sol";
import {RegistryBase} from "../support/RegistryBase.sol";

contract UnitRegistryFuzzTest is RegistryBase {
    /// @notice A signature with any one byte changed is refused.
    function testFuzz_ChangedSignature(uint256 place, uint8 change) external {
        vm.assume(change != 0);
        Auth memory auth = _signProvider(key, "Register", provider, payout, SPEC);
        place = bound(place, 0, auth.signature.length - 1);
        auth.signature[place] = bytes1(uint8(auth.signature[place]) ^ change);
        vm.expectRevert(abi.encodeWithSelector(IUnitRegistry.UnitRegistry_BadSignature.selector, provider));
        registry.registerProvider(provider, payout, SPEC, auth);
    }

    /// @notice Nobody acts for a provider without his signature.
    function testFuzz_OnlyProvider(address caller) external {
        vm.assume(caller != provider);
        vm.prank(caller);
        vm.expectRevert(
            abi.encodeWithSelector(IUnitRegistry.UnitRegistry_NotProvider.selector, caller, provider)
        );
        registry.registerProvider(provider, payout, SPEC, none);
    }

    /// @notice Any units of a machine are recorded as given, relayed or not.
    function testFuzz_Units(uint64[3] memory numbers, bytes32[3] memory specs, bool relay) external {
        vm.assume(numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] != numbers[2]);
        vm.assume(specs[0] != 0 && specs[1] != 0 && specs[2] != 0);
        _register();
        _connect(MACHINE);
        UnitInput[] memory units = _units(3, MACHINE, 0);
        for (uint256 i; i < 3; ++i) (units[i].unit, units[i].spec) = (numbers[i], specs[i]);
        Auth memory auth = relay ? _signUnits(key, "RegisterUnits", provider, units) : none;
        vm.prank(relay ? stranger : provider);
        registry.registerUnits(provider, units, auth);
        for (uint256 i; i < 3; ++i) {
            assertEq(registry.unitOf(provider, numbers[i]).spec, specs[i]);
            assertTrue(registry.isLive(provider, numbers[i]));
        }
    }
}
