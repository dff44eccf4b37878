// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {IGPToken} from "../../src/interfaces/IGPToken.sol";
import {GPTokenBase} from "../support/GPTokenBase.sol";

contract GPTokenBridgeTest is GPTokenBase {
    uint208 private constant CAPACITY = 1_000e18;
    uint48 private constant WINDOW = 1 days;
    uint128 private constant CEILING = 5_000e18;

    address private bridge = makeAddr("bridge");

    /* SET BRIDGE */

    // @tree it should refuse to set a bridge for a stranger
    function test_SetBridge_RevertWhen_Stranger() external {
        _expectUnauthorised(stranger);
        vm.prank(stranger);
        gp.setBridge(bridge, CAPACITY, WINDOW, CEILING);
    }

    // @tree it should refuse a bridge without address, capacity or window
    function test_SetBridge_RevertWhen_Zero() external {
        vm.startPrank(admin);
        vm.expectRevert(IGPToken.GPToken_BadBridge.selector);
        gp.setBridge(address(0), CAPACITY, WINDOW, CEILING);
        vm.expectRevert(IGPToken.GPToken_BadBridge.selector);
        gp.setBridge(bridge, 0, WINDOW, CEILING);
        vm.expectRevert(IGPToken.GPToken_BadBridge.selector);
        gp.setBridge(bridge, CAPACITY, 0, CEILING);
    }

    // @tree it should enable it with full buckets
    function test_SetBridge_New() external {
        _assertAvailable(0, 0);
        vm.expectEmit();
        emit IGPToken.BridgeSet(bridge, CAPACITY, WINDOW, CEILING);
        _setBridge();
        IGPToken.Bridge memory b = gp.bridgeOf(bridge);
        assertTrue(b.enabled);
        assertEq(b.ceiling, CEILING);
        assertEq(b.minted, 0);
        assertEq(b.burned, 0);
        _assertAvailable(CAPACITY, CAPACITY);
    }

    // @tree it should keep its books
    function test_SetBridge_KeepsBooks() external {
        _setBridge();
        vm.prank(bridge);
        gp.crosschainMint(alice, 7);
        vm.prank(admin);
        gp.setBridge(bridge, CAPACITY * 2, WINDOW, 6);
        IGPToken.Bridge memory b = gp.bridgeOf(bridge);
        assertEq(b.minted, 7);
        assertEq(b.ceiling, 6);
    }

    // @tree it should not refill its buckets
    function test_SetBridge_KeepsBuckets() external {
        _setBridge();
        vm.startPrank(bridge);
        gp.crosschainMint(bridge, CAPACITY);
        gp.crosschainBurn(bridge, CAPACITY);
        vm.stopPrank();
        vm.warp(block.timestamp + WINDOW / 2);
        // Half refilled at the old rate; the new, hundred times quicker rate must not count for the past.
        vm.startPrank(admin);
        gp.setBridge(bridge, CAPACITY, WINDOW / 100, CEILING);
        _assertAvailable(CAPACITY / 2, CAPACITY / 2);
        gp.disableBridge(bridge);
        _assertAvailable(0, 0);
        gp.setBridge(bridge, CAPACITY, WINDOW, CEILING);
        _assertAvailable(CAPACITY / 2, CAPACITY / 2);
    }

    /* DISABLE BRIDGE */

    // @tree it should refuse to disable for a stranger
    function test_DisableBridge_RevertWhen_Stranger() external {
        _setBridge();
        _expectUnauthorised(stranger);
        vm.prank(stranger);
        gp.disableBridge(bridge);
    }

    // @tree it should refuse to disable what is no bridge
    function test_DisableBridge_RevertWhen_NoBridge() external {
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_NotABridge.selector, bridge));
        vm.prank(admin);
        gp.disableBridge(bridge);
    }

    // @tree it should stop minting and burning at once
    function test_DisableBridge() external {
        _bridgeOut(alice, 10);
        vm.expectEmit();
        emit IGPToken.BridgeDisabled(bridge);
        vm.prank(admin);
        gp.disableBridge(bridge);
        vm.startPrank(bridge);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_NotABridge.selector, bridge));
        gp.crosschainMint(alice, 1);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_NotABridge.selector, bridge));
        gp.crosschainBurn(alice, 1);
        assertEq(gp.bridgeOf(bridge).burned, 10);
    }

    /* CROSSCHAIN MINT */

    // @tree it should refuse a caller that is no bridge
    function test_CrosschainMint_RevertWhen_NoBridge() external {
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_NotABridge.selector, stranger));
        vm.prank(stranger);
        gp.crosschainMint(stranger, 1);
    }

    // @tree it should mint and write it into the books
    function test_CrosschainMint() external {
        _setBridge();
        vm.expectEmit();
        emit IERC7802.CrosschainMint(alice, 9, bridge);
        vm.prank(bridge);
        gp.crosschainMint(alice, 9);
        assertEq(gp.balanceOf(alice), 9);
        assertEq(gp.bridgeOf(bridge).minted, 9);
        assertEq(gp.bridgedOut(), 0);
        _assertAvailable(CAPACITY - 9, CAPACITY);
    }

    // @tree it should refuse more than the bucket holds
    function test_CrosschainMint_RevertWhen_BucketEmpty() external {
        _setBridge();
        vm.startPrank(bridge);
        gp.crosschainMint(alice, CAPACITY);
        vm.expectRevert(RateLimiter.RateLimitExceeded.selector);
        gp.crosschainMint(alice, 1);
    }

    // @tree it should refill the bucket with time
    function test_CrosschainMint_Refills() external {
        _setBridge();
        vm.startPrank(bridge);
        gp.crosschainMint(alice, CAPACITY);
        vm.warp(block.timestamp + WINDOW / 4);
        _assertAvailable(CAPACITY / 4, CAPACITY);
        gp.crosschainMint(alice, CAPACITY / 4);
        vm.expectRevert(RateLimiter.RateLimitExceeded.selector);
        gp.crosschainMint(alice, 1);
    }

    // @tree it should refuse more than the ceiling, net of what was burnt
    function test_CrosschainMint_RevertWhen_AboveCeiling() external {
        vm.prank(admin);
        gp.setBridge(bridge, CAPACITY, WINDOW, 100);
        vm.startPrank(bridge);
        gp.crosschainMint(bridge, 100);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_AboveCeiling.selector, bridge, 101, 100));
        gp.crosschainMint(bridge, 1);
        gp.crosschainBurn(bridge, 30);
        gp.crosschainMint(bridge, 30);
        assertEq(gp.bridgeOf(bridge).minted, 130);
    }

    // @tree it should let return what went out even with a ceiling of zero
    function test_CrosschainMint_ReturnsWithCeilingZero() external {
        vm.prank(admin);
        gp.setBridge(bridge, CAPACITY, WINDOW, 0);
        _mint(bridge, 50);
        vm.startPrank(bridge);
        gp.crosschainBurn(bridge, 50);
        gp.crosschainMint(alice, 50);
        assertEq(gp.bridgedOut(), 0);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_AboveCeiling.selector, bridge, 1, 0));
        gp.crosschainMint(alice, 1);
    }

    // @tree it should refuse to pass the cap
    function test_CrosschainMint_RevertWhen_AboveCap() external {
        _setBridge();
        _mint(alice, CAP - 3);
        vm.startPrank(bridge);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_AboveCap.selector, CAP - 3, CAP));
        gp.crosschainMint(alice, 4);
        gp.crosschainMint(alice, 3);
    }

    // @tree it should let return what went out when supply and bridged-out amount are at the cap
    function test_CrosschainMint_ReturnsAtCap() external {
        _bridgeOut(alice, 100);
        _mint(alice, CAP - 100);
        vm.prank(bridge);
        gp.crosschainMint(alice, 100);
        assertEq(gp.totalSupply(), CAP);
        assertEq(gp.bridgedOut(), 0);
    }

    /* CROSSCHAIN BURN */

    // @tree it should refuse to burn for a caller that is no bridge
    function test_CrosschainBurn_RevertWhen_NoBridge() external {
        _mint(stranger, 1);
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_NotABridge.selector, stranger));
        vm.prank(stranger);
        gp.crosschainBurn(stranger, 1);
    }

    // @tree it should burn what the holder entrusted to the bridge
    function test_CrosschainBurn() external {
        _setBridge();
        _mint(alice, 10);
        vm.prank(alice);
        gp.approve(bridge, 8);
        vm.expectEmit();
        emit IERC7802.CrosschainBurn(alice, 6, bridge);
        vm.prank(bridge);
        gp.crosschainBurn(alice, 6);
        assertEq(gp.balanceOf(alice), 4);
        assertEq(gp.allowance(alice, bridge), 2);
        assertEq(gp.bridgeOf(bridge).burned, 6);
        _assertAvailable(CAPACITY, CAPACITY - 6);
    }

    // @tree it should burn the bridge's own tokens without an allowance
    function test_CrosschainBurn_Own() external {
        _setBridge();
        _mint(bridge, 10);
        vm.prank(bridge);
        gp.crosschainBurn(bridge, 10);
        assertEq(gp.totalSupply(), 0);
    }

    // @tree it should refuse to burn what the holder did not entrust to it
    function test_CrosschainBurn_RevertWhen_NotEntrusted() external {
        _setBridge();
        _mint(alice, 10);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, bridge, 0, 1));
        vm.prank(bridge);
        gp.crosschainBurn(alice, 1);
    }

    // @tree it should refuse to burn more than its bucket holds
    function test_CrosschainBurn_RevertWhen_BucketEmpty() external {
        _setBridge();
        _mint(bridge, 2 * uint256(CAPACITY));
        vm.startPrank(bridge);
        gp.crosschainBurn(bridge, CAPACITY);
        vm.expectRevert(RateLimiter.RateLimitExceeded.selector);
        gp.crosschainBurn(bridge, 1);
    }

    // @tree it should count what leaves beyond what came as bridged out
    function test_CrosschainBurn_BridgedOut() external {
        _setBridge();
        _mint(bridge, 50);
        vm.startPrank(bridge);
        gp.crosschainMint(bridge, 30);
        gp.crosschainBurn(bridge, 20);
        assertEq(gp.bridgedOut(), 0);
        gp.crosschainBurn(bridge, 25);
        assertEq(gp.bridgedOut(), 15);
        gp.crosschainBurn(bridge, 5);
        assertEq(gp.bridgedOut(), 20);
        gp.crosschainMint(bridge, 5);
        assertEq(gp.bridgedOut(), 15);
    }

    // @tree it should count what is bridged out against the cap
    function test_CrosschainBurn_MintRevertWhen_BridgedOutFillsCap() external {
        _bridgeOut(alice, 100e18);
        uint256 room = CAP - 100e18;
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_AboveCap.selector, 100e18, CAP));
        _mint(alice, room + 1);
        _mint(alice, room);
        assertEq(gp.totalSupply() + gp.bridgedOut(), CAP);
    }

    /* HELPERS */

    function _setBridge() private {
        vm.prank(admin);
        gp.setBridge(bridge, CAPACITY, WINDOW, CEILING);
    }

    function _bridgeOut(address holder, uint256 amount) private {
        _setBridge();
        _mint(holder, amount);
        vm.prank(holder);
        gp.approve(bridge, amount);
        vm.prank(bridge);
        gp.crosschainBurn(holder, amount);
    }

    function _assertAvailable(uint256 mintable, uint256 burnable) private view {
        (uint256 m, uint256 b) = gp.bridgeAvailable(bridge);
        assertEq(m, mintable);
        assertEq(b, burnable);
    }
}
