// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GPToken} from "../../src/GPToken.sol";
import {Artefact} from "./Artefact.sol";
import {Authority} from "./Authority.sol";

/// @dev A GP token with an emitter; the admin sets bridges.
abstract contract GPTokenBase is Authority, Artefact {
    uint256 internal constant CAP = 1_000_000_000e18;

    GPToken internal gp;
    address internal emitter = makeAddr("emitter");
    address internal alice;
    uint256 internal aliceKey;
    address internal bob = makeAddr("bob");

    function setUp() public virtual {
        vm.warp(1_000_000);
        (alice, aliceKey) = makeAddrAndKey("alice");
        gp = GPToken(_deployArtefact("GPToken", abi.encode(manager)));
        _allow(address(gp), gp.mint.selector, emitter);
        _allow(address(gp), gp.setBridge.selector, admin);
        _allow(address(gp), gp.disableBridge.selector, admin);
    }

    function _mint(address to, uint256 amount) internal {
        vm.prank(emitter);
        gp.mint(to, amount);
    }
}
