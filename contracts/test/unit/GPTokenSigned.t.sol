// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {GPTokenBase} from "../support/GPTokenBase.sol";

contract GPTokenSignedTest is GPTokenBase {
    /* PERMIT */

    // @tree it should approve by the owner's signature once
    function test_Permit() external {
        uint256 deadline = block.timestamp;
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(aliceKey, alice, deadline);
        gp.permit(alice, bob, 5, deadline, v, r, s);
        assertEq(gp.allowance(alice, bob), 5);
        assertEq(gp.nonces(alice), 1);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        gp.permit(alice, bob, 5, deadline, v, r, s);
    }

    // @tree it should refuse an expired permit and another's signature
    function test_Permit_RevertWhen_ExpiredOrForged() external {
        uint256 deadline = block.timestamp - 1;
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(aliceKey, alice, deadline);
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, deadline));
        gp.permit(alice, bob, 5, deadline, v, r, s);
        (v, r, s) = _signPermit(aliceKey + 1, alice, block.timestamp);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        gp.permit(alice, bob, 5, block.timestamp, v, r, s);
    }

    /* ERC-3009 */

    // @tree it should transfer once with a random nonce
    function test_TransferWithAuthorization() external {
        _mint(alice, 10);
        bytes32 nonce = keccak256("any word at all");
        (uint8 v, bytes32 r, bytes32 s) = _authorise(aliceKey, "Transfer", 0, type(uint40).max, nonce);
        vm.prank(stranger);
        gp.transferWithAuthorization(alice, bob, 4, 0, type(uint40).max, nonce, v, r, s);
        assertEq(gp.balanceOf(bob), 4);
        assertTrue(gp.authorizationState(alice, nonce));
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, alice, nonce));
        gp.transferWithAuthorization(alice, bob, 4, 0, type(uint40).max, nonce, v, r, s);
    }

    // @tree it should refuse an authorisation before and after its time
    function test_TransferWithAuthorization_RevertWhen_OutOfTime() external {
        _mint(alice, 10);
        (uint256 from, uint256 to) = (block.timestamp + 10, block.timestamp + 20);
        (uint8 v, bytes32 r, bytes32 s) = _authorise(aliceKey, "Transfer", from, to, 0);
        bytes memory early = abi.encodeWithSelector(ERC3009.ERC3009InvalidAuthorizationTime.selector, from, to);
        vm.warp(from);
        vm.expectRevert(early);
        gp.transferWithAuthorization(alice, bob, 4, from, to, 0, v, r, s);
        vm.warp(to);
        vm.expectRevert(early);
        gp.transferWithAuthorization(alice, bob, 4, from, to, 0, v, r, s);
        vm.warp(from + 1);
        gp.transferWithAuthorization(alice, bob, 4, from, to, 0, v, r, s);
    }

    // @tree it should refuse another's signature and another chain's
    function test_TransferWithAuthorization_RevertWhen_Forged() external {
        _mint(alice, 10);
        (uint8 v, bytes32 r, bytes32 s) = _authorise(aliceKey + 1, "Transfer", 0, type(uint40).max, 0);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        gp.transferWithAuthorization(alice, bob, 4, 0, type(uint40).max, 0, v, r, s);
        (v, r, s) = _authorise(aliceKey, "Transfer", 0, type(uint40).max, 0);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        gp.transferWithAuthorization(alice, bob, 4, 0, type(uint40).max, 0, v, r, s);
    }

    // @tree it should let only the payee receive
    function test_ReceiveWithAuthorization() external {
        _mint(alice, 10);
        (uint8 v, bytes32 r, bytes32 s) = _authorise(aliceKey, "Receive", 0, type(uint40).max, 0);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, bob));
        vm.prank(stranger);
        gp.receiveWithAuthorization(alice, bob, 4, 0, type(uint40).max, 0, v, r, s);
        vm.prank(bob);
        gp.receiveWithAuthorization(alice, bob, 4, 0, type(uint40).max, 0, v, r, s);
        assertEq(gp.balanceOf(bob), 4);
    }

    // @tree it should not transfer with a cancelled nonce
    function test_CancelAuthorization() external {
        _mint(alice, 10);
        bytes32 structHash = keccak256(
            abi.encode(keccak256("CancelAuthorization(address authorizer,bytes32 nonce)"), alice, bytes32(0))
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _digest(structHash));
        gp.cancelAuthorization(alice, 0, v, r, s);
        (v, r, s) = _authorise(aliceKey, "Transfer", 0, type(uint40).max, 0);
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, alice, bytes32(0)));
        gp.transferWithAuthorization(alice, bob, 4, 0, type(uint40).max, 0, v, r, s);
    }

    /* VOTES */

    // @tree it should delegate by signature
    function test_Votes_DelegateBySig() external {
        _mint(alice, 10);
        bytes32 structHash = keccak256(
            abi.encode(keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)"), bob, 0, block.timestamp)
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _digest(structHash));
        gp.delegateBySig(bob, 0, block.timestamp, v, r, s);
        assertEq(gp.getVotes(bob), 10);
    }

    /* HELPERS */

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", gp.DOMAIN_SEPARATOR(), structHash));
    }

    function _signPermit(uint256 key, address owner, uint256 deadline) private view returns (uint8, bytes32, bytes32) {
        bytes32 typeHash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        return vm.sign(key, _digest(keccak256(abi.encode(typeHash, owner, bob, 5, gp.nonces(owner), deadline))));
    }

    /// @dev Alice's authorisation to move 4 units to Bob. `kind` is Transfer or Receive.
    function _authorise(
        uint256 key,
        string memory kind,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) private view returns (uint8, bytes32, bytes32) {
        bytes32 typeHash = keccak256(
            abi.encodePacked(
                kind,
                "WithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
            )
        );
        return vm.sign(key, _digest(keccak256(abi.encode(typeHash, alice, bob, 4, validAfter, validBefore, nonce))));
    }
}
