// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Test} from "forge-std/Test.sol";

/// @dev A base with an AccessManager whose admin is `admin`, and a helper that gives one function to one account.
abstract contract Authority is Test {
    address internal admin = makeAddr("admin");
    address internal stranger = makeAddr("stranger");
    AccessManager internal manager = new AccessManager(admin);
    uint64 private _roles;

    /// @dev Creates a role for `selector` of `target` and grants it to `account`.
    function _allow(address target, bytes4 selector, address account) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        uint64 role = ++_roles;
        vm.startPrank(admin);
        manager.setTargetFunctionRole(target, selectors, role);
        manager.grantRole(role, account, 0);
        vm.stopPrank();
    }

    /// @dev Expects the revert of a caller without the role.
    function _expectUnauthorised(address caller) internal {
        vm.expectRevert(abi.encodeWithSignature("AccessManagedUnauthorized(address)", caller));
    }
}
