// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GPToken} from "../../src/GPToken.sol";
import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {TestUSDC} from "../../src/TestUSDC.sol";
import {Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";
import {MarketHandler} from "../support/MarketHandler.sol";

/// @dev Hardhat finds a target's functions only when it is declared beside the test.
contract Handler is MarketHandler {
    constructor(LeaseMarket market_, GPToken gp_, TestUSDC usdc_, address admin_)
        MarketHandler(market_, gp_, usdc_, admin_)
    {}
}

/// @dev The invariants I1 to I10 of the lease market.
contract LeaseMarketInvariantTest is MarketBase {
    MarketHandler private _handler;

    function setUp() public override {
        super.setUp();
        vm.startPrank(client);
        market.withdraw(address(gp), client, CASH);
        vm.stopPrank();
        vm.startPrank(admin);
        market.setFeeSink(stranger);
        market.setFeeAuction(stranger);
        vm.stopPrank();
        _handler = new Handler(market, gp, usdc, admin);
        targetContract(address(_handler));
        // Helpers of the signing library are no actions.
        bytes4[] memory actions = new bytes4[](16);
        actions[0] = MarketHandler.deposit.selector;
        actions[1] = MarketHandler.withdraw.selector;
        actions[2] = MarketHandler.donate.selector;
        actions[3] = MarketHandler.grant.selector;
        actions[4] = MarketHandler.open.selector;
        actions[5] = MarketHandler.settle.selector;
        actions[6] = MarketHandler.requestClose.selector;
        actions[7] = MarketHandler.finalizeClose.selector;
        actions[8] = MarketHandler.topUp.selector;
        actions[9] = MarketHandler.replay.selector;
        actions[10] = MarketHandler.cancelAll.selector;
        actions[11] = MarketHandler.setFee.selector;
        actions[12] = MarketHandler.togglePause.selector;
        actions[13] = MarketHandler.wait_.selector;
        actions[14] = MarketHandler.collectFees.selector;
        actions[15] = MarketHandler.takeBack.selector;
        targetSelector(FuzzSelector({addr: address(_handler), selectors: actions}));
        for (uint256 i = 0; i < 4; ++i) {
            _handler.deposit(i, 1e9, true);
            _handler.deposit(i, 1e9, false);
        }
        _handler.grant(1e9);
        _handler.open(0, 1, 10_000, 0, 3600, 0, true);
    }

    /// @dev What the ledger promises in one token.
    function _promised(address token) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _handler.actorCount(); ++i) {
            (uint128 cash, , , ) = market.accountOf(token, _handler.actors(i));
            sum += cash;
        }
        (uint128 own, , , ) = market.accountOf(token, address(_handler.funder()));
        sum += own + market.creditOf(token, address(_handler.funder()), "grant") + market.feesOf(token);
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            Terms memory t = _handler.live(i);
            if (t.token == token) sum += t.escrow - t.paid;
        }
    }

    /// @dev I1: the tokens are there for all cash, credit, live escrow and fees, and no more than that and donations.
    function invariant_I1_Solvency() external view {
        assertEq(gp.balanceOf(address(market)), _promised(address(gp)) + _handler.donated(address(gp)));
    }

    /// @dev I2: cash leaves only by its owner: each account has exactly what its own steps left it.
    function invariant_I2_CashIsItsOwners() external view {
        address[2] memory tokens = [address(gp), address(usdc)];
        for (uint256 k = 0; k < 2; ++k) {
            for (uint256 i = 0; i < _handler.actorCount(); ++i) {
                (uint128 cash, , , ) = market.accountOf(tokens[k], _handler.actors(i));
                assertEq(cash, _handler.owned(tokens[k], _handler.actors(i)));
            }
        }
    }

    /// @dev I1 in the other token.
    function invariant_I1_SolvencyOfEveryToken() external view {
        assertEq(usdc.balanceOf(address(market)), _promised(address(usdc)) + _handler.donated(address(usdc)));
    }

    /// @dev I3: everyone can leave: every lease ends and every balance can be withdrawn, paused or not.
    function invariant_I3_AllFundsClaimable() external {
        uint256 state = vm.snapshotState();
        vm.warp(block.timestamp + 30 days);
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            market.finalizeClose(_handler.live(i));
        }
        address[2] memory tokens = [address(gp), address(usdc)];
        for (uint256 k = 0; k < 2; ++k) {
            for (uint256 i = 0; i < _handler.actorCount(); ++i) {
                address account = _handler.actors(i);
                (uint128 cash, , , ) = market.accountOf(tokens[k], account);
                vm.prank(account);
                if (cash != 0) market.withdraw(tokens[k], account, cash);
            }
        }
        uint128 credit = market.creditOf(address(gp), address(_handler.funder()), "grant");
        if (credit != 0) _handler.funder().takeBack("grant", address(gp), credit, stranger);
        if (market.feesOf(address(gp)) != 0) market.collectFees(address(gp));
        assertEq(gp.balanceOf(address(market)), _handler.donated(address(gp)));
        if (market.feesOf(address(usdc)) != 0) market.collectFees(address(usdc));
        assertEq(usdc.balanceOf(address(market)), _handler.donated(address(usdc)));
        vm.revertToState(state);
    }

    /// @dev I4: paid <= escrow and paid <= rate * (elapsed + grace).
    function invariant_I4_NeverOverpaid() external view {
        assertEq(_handler.wrongPayments(), 0);
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            Terms memory t = _handler.live(i);
            uint256 until = block.timestamp < t.end ? block.timestamp : t.end;
            assertLe(t.paid, t.escrow);
            assertLe(t.paid, uint256(t.rate) * (until - t.start + t.grace));
        }
    }

    /// @dev I5: a unit has at most one live lease: its slot holds the hash of the terms that the books call live.
    function invariant_I5_OneLeasePerUnit() external view {
        bool[6] memory busy;
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            Terms memory t = _handler.live(i);
            assertFalse(busy[t.unit]);
            busy[t.unit] = true;
            assertEq(market.unitOf(t.provider, t.unit), hashOf(t));
        }
        for (uint64 unit = 0; unit < 6; ++unit) {
            address owner = _handler.actors(unit % 4);
            if (!busy[unit]) assertEq(uint256(market.unitOf(owner, unit)), _handler.opened(unit));
        }
    }

    /// @dev I6: seq strictly increases, an order is spent at most once, and a mandate counts all that was opened under it.
    function invariant_I6_SpentOnce() external view {
        assertEq(_handler.replays(), 0);
        for (uint256 i = 0; i < _handler.mandateCount(); ++i) {
            (uint128 committed, , , ) = market.mandateOf(_handler.mandates(i));
            assertEq(committed, _handler.committed(_handler.mandates(i)));
            assertLe(committed, 1e9);
        }
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            Terms memory t = _handler.live(i);
            assertEq(uint256(t.seq) + 1, _handler.opened(t.unit));
        }
    }

    /// @dev I7: refund + what the provider got + fee == escrow, exactly.
    function invariant_I7_ExactSplit() external view {
        assertEq(_handler.wrongSplits(), 0);
    }

    /// @dev I8: a valid note settles whatever is paused, cancelled or repriced: a revert in the handler fails the run;
    /// here, that notes of every live lease would settle at this very moment.
    function invariant_I8_NotesAlwaysSettle() external {
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            Terms memory t = _handler.live(i);
            uint128 more = market.collectable(t, type(uint128).max);
            uint256 state = vm.snapshotState();
            _handler.settle(i, uint256(t.paid) + more, 0);
            assertEq(market.unitOf(t.provider, t.unit), hashOf(_handler.live(i)));
            assertEq(_handler.live(i).paid, t.paid + more);
            vm.revertToState(state);
        }
    }

    /// @dev I9: a requested window is neither shortened nor moved.
    function invariant_I9_WindowStands() external view {
        assertEq(_handler.movedWindows(), 0);
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            Terms memory t = _handler.live(i);
            assertEq(t.closeAt, _handler.promisedClose(_lease(t)));
            assertTrue(market.isLive(t));
        }
    }

    /// @dev I10: the fee is at most the cap and the one of the time of opening: all fees are the sum of
    /// floor(paid * feeBps / 10,000) with the rate that each lease opened with.
    function invariant_I10_FeeSnapshotted() external view {
        for (uint256 i = 0; i < _handler.liveCount(); ++i) {
            assertLe(_handler.live(i).feeBps, 1_000);
        }
        uint256 gpFees = market.feesOf(address(gp)) + _handler.collected(address(gp));
        assertEq(gpFees, _handler.accrued(address(gp)));
        uint256 usdcFees = market.feesOf(address(usdc)) + _handler.collected(address(usdc));
        assertEq(usdcFees, _handler.accrued(address(usdc)));
    }
}
