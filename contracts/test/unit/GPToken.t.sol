// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {IGPToken} from "../../src/interfaces/IGPToken.sol";
import {GPTokenBase} from "../support/GPTokenBase.sol";

contract GPTokenTest is GPTokenBase {
    /* CONSTRUCTOR */

    // @tree it should start with no supply, a cap of one billion and the authority it was given
    function test_Constructor() external view {
        assertEq(gp.totalSupply(), 0);
        assertEq(gp.cap(), CAP);
        assertEq(gp.authority(), address(manager));
        assertEq(gp.name(), "Corepool GP");
        assertEq(gp.symbol(), "GP");
        assertEq(gp.decimals(), 18);
        assertTrue(gp.supportsInterface(type(IERC7802).interfaceId));
    }

    // @tree it should count votes by timestamp
    function test_Clock() external view {
        assertEq(gp.clock(), block.timestamp);
        assertEq(gp.CLOCK_MODE(), "mode=timestamp");
    }

    /* MINT */

    // @tree it should refuse to mint for a stranger
    function test_Mint_RevertWhen_Stranger() external {
        _expectUnauthorised(stranger);
        vm.prank(stranger);
        gp.mint(stranger, 1);
    }

    // @tree it should mint up to exactly the cap
    function test_Mint_UpToCap() external {
        _mint(alice, CAP);
        assertEq(gp.balanceOf(alice), CAP);
        assertEq(gp.totalSupply(), CAP);
    }

    // @tree it should refuse to mint one unit above the cap
    function test_Mint_RevertWhen_AboveCap() external {
        _mint(alice, CAP - 5);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_AboveCap.selector, CAP - 5, CAP));
        _mint(alice, 6);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_AboveCap.selector, CAP - 5, CAP));
        _mint(alice, type(uint256).max);
        _mint(alice, 5);
    }

    /* BURN */

    // @tree it should burn the caller's own tokens and lower the supply
    function test_Burn() external {
        _mint(alice, 10);
        vm.prank(alice);
        gp.burn(4);
        assertEq(gp.balanceOf(alice), 6);
        assertEq(gp.totalSupply(), 6);
    }

    // @tree it should burn another's tokens only within his allowance
    function test_BurnFrom() external {
        _mint(alice, 10);
        vm.prank(alice);
        gp.approve(bob, 4);
        vm.startPrank(bob);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, bob, 4, 5));
        gp.burnFrom(alice, 5);
        gp.burnFrom(alice, 4);
        assertEq(gp.totalSupply(), 6);
    }

    /* VOTES */

    // @tree it should give votes only to delegated tokens
    function test_Votes_OnlyDelegated() external {
        _mint(alice, 10);
        assertEq(gp.getVotes(alice), 0);
        vm.prank(alice);
        gp.delegate(bob);
        assertEq(gp.getVotes(bob), 10);
        vm.prank(alice);
        gp.transfer(stranger, 3);
        assertEq(gp.getVotes(bob), 7);
        assertEq(gp.getVotes(stranger), 0);
    }

    // @tree it should remember past votes and past supply by time
    function test_Votes_Past() external {
        _mint(alice, 10);
        vm.prank(alice);
        gp.delegate(alice);
        uint256 before = block.timestamp;
        vm.warp(before + 100);
        vm.prank(alice);
        gp.burn(4);
        vm.warp(before + 101);
        assertEq(gp.getPastVotes(alice, before), 10);
        assertEq(gp.getPastVotes(alice, before + 100), 6);
        assertEq(gp.getPastTotalSupply(before), 10);
        assertEq(gp.getPastTotalSupply(before + 100), 6);
    }
}
