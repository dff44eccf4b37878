// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {TestUSDC} from "../../src/TestUSDC.sol";
import {Artefact} from "../support/Artefact.sol";

contract TestUSDCTest is Test, Artefact {
    TestUSDC private usdc = TestUSDC(_deployArtefact("TestUSDC", ""));
    address private alice;
    uint256 private key;
    address private bob = makeAddr("bob");

    function setUp() public {
        (alice, key) = makeAddrAndKey("alice");
    }

    // @tree it should have six decimals
    function test_Decimals() external view {
        assertEq(usdc.decimals(), 6);
        assertEq(usdc.symbol(), "USDC");
    }

    // @tree it should give anyone up to the limit, again and again
    function test_Mint() external {
        vm.startPrank(bob);
        usdc.mint(alice, 10_000e6);
        usdc.mint(alice, 10_000e6);
        assertEq(usdc.balanceOf(alice), 20_000e6);
    }

    // @tree it should refuse more than the limit in one call
    function test_Mint_RevertWhen_AboveLimit() external {
        vm.expectRevert(
            abi.encodeWithSelector(TestUSDC.TestUSDC_AboveFaucetLimit.selector, 10_000e6 + 1, 10_000e6)
        );
        usdc.mint(alice, 10_000e6 + 1);
    }

    // @tree it should take the owner's permit
    function test_Permit() external {
        bytes32 typeHash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        (uint8 v, bytes32 r, bytes32 s) = _sign(abi.encode(typeHash, alice, bob, 5, 0, block.timestamp));
        usdc.permit(alice, bob, 5, block.timestamp, v, r, s);
        assertEq(usdc.allowance(alice, bob), 5);
    }

    // @tree it should take a payment authorised with a random nonce
    function test_ReceiveWithAuthorization() external {
        usdc.mint(alice, 9);
        bytes32 nonce = keccak256("random");
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        (uint8 v, bytes32 r, bytes32 s) = _sign(abi.encode(typeHash, alice, bob, 9, 0, type(uint40).max, nonce));
        vm.prank(bob);
        usdc.receiveWithAuthorization(alice, bob, 9, 0, type(uint40).max, nonce, v, r, s);
        assertEq(usdc.balanceOf(bob), 9);
    }

    function _sign(bytes memory message) private view returns (uint8, bytes32, bytes32) {
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), keccak256(message))));
    }
}
