// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {GPToken} from "../../src/GPToken.sol";
import {IGPToken} from "../../src/interfaces/IGPToken.sol";
import {Authority} from "../support/Authority.sol";

contract GPTokenTest is Authority {
    uint256 private constant CAP = 1_000_000_000e18;
    uint208 private constant CAPACITY = 1_000e18;
    uint48 private constant WINDOW = 1 days;
    uint128 private constant CEILING = 5_000e18;

    GPToken private gp;
    address private emitter = makeAddr("emitter");
    address private bridge = makeAddr("bridge");
    address private alice;
    uint256 private aliceKey;
    address private bob = makeAddr("bob");

    function setUp() public {
        vm.warp(1_000_000);
        (alice, aliceKey) = makeAddrAndKey("alice");
        gp = new GPToken(address(manager));
        _allow(address(gp), gp.mint.selector, emitter);
        _allow(address(gp), gp.setBridge.selector, admin);
        _allow(address(gp), gp.disableBridge.selector, admin);
    }

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

    // @tree it should count what is bridged out against the cap
    function test_Mint_RevertWhen_BridgedOutFillsCap() external {
        _bridgeOut(alice, 100e18);
        uint256 room = CAP - 100e18;
        vm.expectRevert(abi.encodeWithSelector(IGPToken.GPToken_AboveCap.selector, 100e18, CAP));
        _mint(alice, room + 1);
        _mint(alice, room);
        assertEq(gp.totalSupply() + gp.bridgedOut(), CAP);
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
        vm.prank(bridge);
        gp.crosschainMint(alice, CAPACITY);
        vm.warp(block.timestamp + WINDOW / 2);
        // Half refilled at the old rate; the new, hundred times quicker rate must not count for the past.
        vm.startPrank(admin);
        gp.setBridge(bridge, CAPACITY, WINDOW / 100, CEILING);
        _assertAvailable(CAPACITY / 2, CAPACITY);
        gp.disableBridge(bridge);
        _assertAvailable(0, 0);
        gp.setBridge(bridge, CAPACITY, WINDOW, CEILING);
        _assertAvailable(CAPACITY / 2, CAPACITY);
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
        gp.crosschainMint(bridge, 5);
        assertEq(gp.bridgedOut(), 10);
    }

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

    function _mint(address to, uint256 amount) private {
        vm.prank(emitter);
        gp.mint(to, amount);
    }

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
