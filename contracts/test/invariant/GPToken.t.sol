// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {GPToken} from "../../src/GPToken.sol";
import {IGPToken} from "../../src/interfaces/IGPToken.sol";
import {Artefact} from "../support/Artefact.sol";
import {Authority} from "../support/Authority.sol";

/// @dev Random but valid use of GP by an emitter, holders and two bridges; no call of it may revert.
contract TokenHandler is Test {
    GPToken public immutable GP;
    address private immutable EMITTER;
    address private immutable ADMIN;
    address[4] public holders;
    address[2] public bridges;
    uint256 public emitted;
    uint256 public burnt;

    constructor(GPToken gp, address emitter, address admin) {
        (GP, EMITTER, ADMIN) = (gp, emitter, admin);
        holders = [makeAddr("a"), makeAddr("b"), makeAddr("c"), makeAddr("d")];
        bridges = [makeAddr("bridge 1"), makeAddr("bridge 2")];
    }

    function emit_(uint256 to, uint256 amount) external {
        amount = bound(amount, 0, _room());
        uint256 tooMuch = _room() + 1;
        vm.startPrank(EMITTER);
        vm.expectPartialRevert(IGPToken.GPToken_AboveCap.selector);
        GP.mint(holders[to % 4], tooMuch);
        GP.mint(holders[to % 4], amount);
        vm.stopPrank();
        emitted += amount;
    }

    function burn(uint256 from, uint256 amount) external {
        address holder = holders[from % 4];
        amount = bound(amount, 0, GP.balanceOf(holder));
        uint256 before = GP.totalSupply();
        vm.prank(holder);
        GP.burn(amount);
        burnt += amount;
        assertEq(GP.totalSupply(), before - amount, "I14: a burn lowers the supply by what it burns");
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        address holder = holders[from % 4];
        amount = bound(amount, 0, GP.balanceOf(holder));
        uint256 before = GP.totalSupply();
        vm.prank(holder);
        GP.transfer(holders[to % 4], amount);
        assertEq(GP.totalSupply(), before, "I14: a transfer leaves the supply");
    }

    function delegate(uint256 from, uint256 to) external {
        vm.prank(holders[from % 4]);
        // One in five takes his delegation back.
        GP.delegate(to % 5 == 4 ? address(0) : holders[to % 5]);
    }

    function setBridge(uint256 which, uint256 capacity, uint256 window, uint256 ceiling) external {
        (capacity, ceiling) = (bound(capacity, 1, GP.cap()), bound(ceiling, 0, GP.cap()));
        window = bound(window, 1, 7 days);
        vm.prank(ADMIN);
        GP.setBridge(bridges[which % 2], uint208(capacity), uint48(window), uint128(ceiling));
    }

    function disableBridge(uint256 which) external {
        address bridge = bridges[which % 2];
        if (!GP.bridgeOf(bridge).enabled) return;
        vm.prank(ADMIN);
        GP.disableBridge(bridge);
    }

    function bridgeIn(uint256 which, uint256 to, uint256 amount) external {
        address bridge = bridges[which % 2];
        IGPToken.Bridge memory b = GP.bridgeOf(bridge);
        if (!b.enabled) return;
        (uint256 most, ) = GP.bridgeAvailable(bridge);
        uint256 out = b.burned > b.minted ? b.burned - b.minted : 0;
        uint256 in_ = b.minted > b.burned ? b.minted - b.burned : 0;
        most = _min(most, out + _room());
        most = _min(most, in_ > b.ceiling ? 0 : uint256(b.ceiling) + out - in_);
        if (most == 0 && in_ > b.ceiling) return; // a lowered ceiling refuses even nothing
        amount = bound(amount, 0, most);
        vm.startPrank(bridge);
        // One unit above the tightest of bucket, ceiling and cap is refused, whichever it is.
        vm.expectRevert();
        GP.crosschainMint(holders[to % 4], most + 1);
        GP.crosschainMint(holders[to % 4], amount);
        vm.stopPrank();
        b = GP.bridgeOf(bridge);
        assertTrue(b.minted <= b.burned || b.minted - b.burned <= b.ceiling, "I11: net mint <= ceiling");
    }

    function bridgeOut(uint256 which, uint256 from, uint256 amount) external {
        address bridge = bridges[which % 2];
        address holder = holders[from % 4];
        if (!GP.bridgeOf(bridge).enabled) return;
        (, uint256 most) = GP.bridgeAvailable(bridge);
        amount = bound(amount, 0, _min(most, GP.balanceOf(holder)));
        vm.prank(holder);
        GP.approve(bridge, amount);
        vm.prank(bridge);
        GP.crosschainBurn(holder, amount);
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 3 days));
    }

    function _room() private view returns (uint256) {
        return GP.cap() - GP.totalSupply() - GP.bridgedOut();
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}

/// @dev I11, I13 and I14 of the invariants in contracts/README.md.
contract GPTokenInvariants is Authority, Artefact {
    GPToken private gp;
    TokenHandler private handler;

    function setUp() public {
        vm.warp(1_000_000);
        gp = GPToken(_deployArtefact("GPToken", abi.encode(manager)));
        address emitter = makeAddr("emitter");
        _allow(address(gp), gp.mint.selector, emitter);
        _allow(address(gp), gp.setBridge.selector, admin);
        _allow(address(gp), gp.disableBridge.selector, admin);
        handler = new TokenHandler(gp, emitter, admin);
        targetContract(address(handler));
    }

    /// @notice I11: what exists here and what is bridged out never pass the cap together.
    function invariant_SupplyAndBridgedOutWithinCap() external view {
        assertLe(gp.totalSupply() + gp.bridgedOut(), gp.cap());
    }

    /// @notice I11, I14: the supply is what was emitted and bridged in, less what was burnt and bridged out.
    function invariant_SupplyMatchesBooks() external view {
        uint256 plus = handler.emitted();
        uint256 minus = handler.burnt();
        uint256 out;
        for (uint256 i; i < 2; ++i) {
            IGPToken.Bridge memory b = gp.bridgeOf(handler.bridges(i));
            plus += b.minted;
            minus += b.burned;
            if (b.burned > b.minted) out += b.burned - b.minted;
        }
        assertEq(gp.totalSupply(), plus - minus);
        assertEq(gp.bridgedOut(), out);
    }

    /// @notice I13: the votes that exist are the tokens of those who delegated.
    function invariant_VotesAreDelegatedSupply() external view {
        uint256 votes;
        uint256 delegated;
        uint256 supply;
        for (uint256 i; i < 4; ++i) {
            address holder = handler.holders(i);
            votes += gp.getVotes(holder);
            supply += gp.balanceOf(holder);
            if (gp.delegates(holder) != address(0)) delegated += gp.balanceOf(holder);
        }
        assertEq(votes, delegated);
        assertEq(supply, gp.totalSupply());
    }
}
