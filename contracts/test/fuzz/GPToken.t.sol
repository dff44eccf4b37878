// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {GPTokenBase} from "../support/GPTokenBase.sol";

contract GPTokenFuzzTest is GPTokenBase {
    address private bridge = makeAddr("bridge");

    /// @notice A stolen bridge gets at most one bucket and what refilled since, whatever it does and when.
    function testFuzz_BridgeGivesAtMostBucketAndRefill(
        uint256 capacity,
        uint256 window,
        uint256[8] memory waits,
        uint256[8] memory parts
    ) external {
        capacity = bound(capacity, 1, CAP / 16);
        window = bound(window, 1, 30 days);
        vm.prank(admin);
        gp.setBridge(bridge, uint208(capacity), uint48(window), type(uint128).max);
        uint256 begun = block.timestamp;
        for (uint256 i; i < 8; ++i) {
            vm.warp(block.timestamp + bound(waits[i], 0, window));
            (uint256 available, ) = gp.bridgeAvailable(bridge);
            assertLe(available, capacity);
            vm.startPrank(bridge);
            vm.expectRevert(RateLimiter.RateLimitExceeded.selector);
            gp.crosschainMint(bridge, available + 1);
            gp.crosschainMint(bridge, bound(parts[i], 0, available));
            vm.stopPrank();
            // Each consumption rounds the refill down, in favour of the token.
            assertLe(gp.balanceOf(bridge), capacity + (capacity * (block.timestamp - begun)) / window);
        }
    }

    /// @notice What goes out and comes back through a bridge leaves nothing behind but its books.
    function testFuzz_RoundTrip(uint256 supply, uint256 amount, uint128 ceiling) external {
        supply = bound(supply, 0, CAP);
        amount = bound(amount, 0, supply);
        _mint(alice, supply);
        vm.prank(admin);
        gp.setBridge(bridge, uint208(CAP), 1 days, ceiling);
        vm.prank(alice);
        gp.approve(bridge, amount);
        vm.startPrank(bridge);
        gp.crosschainBurn(alice, amount);
        assertEq(gp.bridgedOut(), amount);
        gp.crosschainMint(alice, amount);
        assertEq(gp.bridgedOut(), 0);
        assertEq(gp.totalSupply(), supply);
        assertEq(gp.balanceOf(alice), supply);
    }

    /// @notice An account without a role can neither mint nor touch bridges.
    function testFuzz_OnlyRoles(address caller, uint256 amount) external {
        vm.assume(caller != emitter && caller != admin);
        vm.startPrank(caller);
        _expectUnauthorised(caller);
        gp.mint(caller, amount);
        _expectUnauthorised(caller);
        gp.setBridge(caller, 1, 1, 1);
        _expectUnauthorised(caller);
        gp.disableBridge(caller);
    }

    /// @notice An authorisation works for exactly what was signed, once.
    function testFuzz_Authorisation(uint256 amount, uint256 other, bytes32 nonce, address to) external {
        amount = bound(amount, 0, CAP);
        other = bound(other, 0, CAP);
        vm.assume(to != address(0) && to != alice && other != amount);
        _mint(alice, CAP);
        bytes32 typeHash = keccak256(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 structHash = keccak256(abi.encode(typeHash, alice, to, amount, 0, type(uint40).max, nonce));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            aliceKey,
            keccak256(abi.encodePacked(hex"1901", gp.DOMAIN_SEPARATOR(), structHash))
        );
        vm.expectRevert();
        gp.transferWithAuthorization(alice, to, other, 0, type(uint40).max, nonce, v, r, s);
        gp.transferWithAuthorization(alice, to, amount, 0, type(uint40).max, nonce, v, r, s);
        assertEq(gp.balanceOf(to), amount);
        vm.expectRevert();
        gp.transferWithAuthorization(alice, to, amount, 0, type(uint40).max, nonce, v, r, s);
    }
}
