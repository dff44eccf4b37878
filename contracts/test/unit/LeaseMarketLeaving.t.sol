// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CloseReason} from "../../src/interfaces/ILeaseMarketEvents.sol";
import {SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

contract LeaseMarketLeavingTest is MarketBase {
    bytes private constant NONE = "";

    function _requested(Terms memory t) private returns (Terms memory next) {
        vm.prank(client);
        market.requestClose(t, NONE);
        next = abi.decode(abi.encode(t), (Terms));
        next.closeAt = uint40(block.timestamp) + WINDOW;
    }

    /* REQUEST */

    // @tree it should start the window for the client himself
    function test_RequestClose() external {
        Terms memory t = _open(1);
        skip(10);
        vm.expectEmit(address(market));
        emit CloseRequested(_lease(t), NOW + 10 + WINDOW);
        t = _requested(t);
        _assertLive(t);
    }

    // @tree it should start it by the client's or the lease key's signature
    function test_RequestClose_Signed() external {
        Terms memory a = _open(1);
        Terms memory b = _open(2);
        vm.startPrank(relayer);
        market.requestClose(a, _sign(clientKey, requestCloseHash(_lease(a))));
        market.requestClose(b, _sign(watchKey, requestCloseHash(_lease(b))));
        a.closeAt = b.closeAt = NOW + WINDOW;
        _assertLive(a);
        _assertLive(b);
    }

    // @tree it should refuse anyone else
    function test_RequestClose_RevertWhen_Stranger() external {
        Terms memory a = _open(1);
        Terms memory b = _open(2);
        bytes memory why = abi.encodeWithSelector(NotPermitted.selector);
        vm.startPrank(provider);
        vm.expectRevert(why);
        market.requestClose(a, NONE);
        bytes memory sig = _sign(providerKey, requestCloseHash(_lease(a)));
        vm.expectRevert(why);
        market.requestClose(a, sig);
        sig = _sign(clientKey, requestCloseHash(_lease(b)));
        vm.expectRevert(why);
        market.requestClose(a, sig);
        vm.stopPrank();
        vm.prank(client); // a signature that is there must be right, whoever sends it
        vm.expectRevert(why);
        market.requestClose(a, sig);
    }

    // @tree it should refuse a second request, which would move the window
    function test_RequestClose_RevertWhen_Twice() external {
        Terms memory t = _requested(_open(1));
        skip(5);
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(CloseAlreadyRequested.selector, NOW + WINDOW));
        market.requestClose(t, NONE);
    }

    // @tree it should still settle newer notes inside the window
    function test_RequestClose_ThenSettle() external {
        Terms memory t = _requested(_open(1));
        skip(WINDOW - 1);
        uint128 total = 1000 * uint128(RATE);
        vm.prank(provider);
        market.settle(_note(t, total));
        t.paid = total;
        _assertLive(t);
        skip(1);
        market.finalizeClose(t);
        assertEq(_cash(client), CASH - total);
    }

    // @tree it should let nobody but the provider pay inside the window, so that his last note settles
    function test_Window_NobodyMovesPaid() external {
        Terms[3] memory t = [_open(1), _open(2), _open(3)];
        vm.warp(t[0].end - 1);
        // Before it anyone may.
        vm.prank(client);
        market.settle(_note(t[0], 1));
        t[0].paid = 1;
        t[2] = _requested(t[2]);
        skip(1);
        t[1] = _requested(t[1]);
        SettleArgs[] memory race = new SettleArgs[](1);
        for (uint256 i = 0; i < 3; ++i) {
            SettleArgs memory last = _note(t[i], t[i].escrow); // what the provider broadcasts
            // The client owns the lease key and orders his transaction first: the terms would change.
            race[0] = _note(t[i], 2);
            vm.prank(client);
            vm.expectRevert(abi.encodeWithSelector(NotProvider.selector));
            market.settle(race[0]);
            vm.expectEmit(address(market));
            emit SettleSkipped(0, NotProvider.selector);
            vm.prank(client);
            market.settleMany(race, false);
            vm.prank(provider);
            market.closeNow(last);
            _assertIdle(t[i]);
        }
        assertEq(_cash(client), CASH - 3 * t[0].escrow);
    }

    // @tree it should close inside the window for anyone with the provider's consent
    function test_Window_Agreed() external {
        Terms memory t = _requested(_open(1));
        vm.prank(relayer);
        market.settle(_final(t, RATE));
        _assertIdle(t);
        assertEq(_cash(client), CASH - RATE);
    }

    // @tree it should settle for anyone again once the window is over
    function test_Window_Over() external {
        Terms memory t = _requested(_open(1));
        Terms memory ended = _open(2);
        vm.warp(t.closeAt - 1);
        SettleArgs memory s = _note(t, RATE);
        vm.expectRevert(abi.encodeWithSelector(NotProvider.selector));
        market.settle(s);
        vm.warp(t.closeAt);
        market.settle(s);
        vm.warp(ended.end + WINDOW - 1);
        s = _note(ended, RATE);
        vm.expectRevert(abi.encodeWithSelector(NotProvider.selector));
        market.settle(s);
        skip(1);
        market.settle(s);
        assertEq(_cash(provider) + market.feesOf(address(gp)), 2 * uint128(RATE));
    }

    // @tree it should work while entry is paused
    function test_Leaving_Paused() external {
        Terms memory t = _open(1);
        vm.prank(admin);
        market.pause(address(0));
        t = _requested(t);
        skip(WINDOW);
        market.finalizeClose(t);
        vm.prank(client);
        market.withdraw(address(gp), client, CASH);
        assertEq(gp.balanceOf(client), CASH);
    }

    /* FINALISE */

    // @tree it should refuse before the window has passed
    function test_FinalizeClose_RevertWhen_Early() external {
        Terms memory t = _open(1);
        vm.expectRevert(abi.encodeWithSelector(NotClosable.selector, t.end + WINDOW));
        market.finalizeClose(t);
        t = _requested(t);
        skip(WINDOW - 1);
        vm.expectRevert(abi.encodeWithSelector(NotClosable.selector, NOW + WINDOW));
        market.finalizeClose(t);
    }

    // @tree it should refund the rest for anyone after a requested window
    function test_FinalizeClose_Requested() external {
        Terms memory t = _open(1);
        market.settle(_note(t, RATE));
        t.paid = RATE;
        t = _requested(t);
        skip(WINDOW);
        vm.expectEmit(address(market));
        emit LeaseClosed(_lease(t), RATE, 0, t.escrow - RATE, uint8(CloseReason.Requested));
        vm.prank(stranger);
        market.finalizeClose(t);
        _assertIdle(t);
        assertEq(_cash(client), CASH - RATE);
        vm.expectRevert(abi.encodeWithSelector(UnknownTerms.selector));
        market.finalizeClose(t);
    }

    // @tree it should refund the rest for anyone after the end and one window
    function test_FinalizeClose_Expired() external {
        Terms memory t = _open(1);
        vm.warp(t.end + WINDOW - 1);
        vm.expectRevert(abi.encodeWithSelector(NotClosable.selector, t.end + WINDOW));
        market.finalizeClose(t);
        skip(1);
        vm.expectEmit(address(market));
        emit LeaseClosed(_lease(t), 0, 0, t.escrow, uint8(CloseReason.Expired));
        vm.prank(stranger);
        market.finalizeClose(t);
        _assertIdle(t);
        assertEq(_cash(client), CASH);
    }

    // @tree it should keep the earlier of both times
    function test_FinalizeClose_Earlier() external {
        Terms memory t = _open(1);
        vm.warp(t.end + 10);
        t = _requested(t);
        vm.warp(t.end + WINDOW);
        market.finalizeClose(t);
        _assertIdle(t);
    }

    /* TOP UP */

    // @tree it should extend the end and the escrow for the client himself
    function test_TopUp() external {
        Terms memory t = _open(1);
        uint128 escrow = t.escrow + uint128(RATE) * 600;
        vm.expectEmit(address(market));
        emit LeaseToppedUp(_lease(t), t.end + 600, escrow);
        vm.prank(client);
        market.topUp(t, 600, NONE);
        t.end += 600;
        t.escrow = escrow;
        _assertLive(t);
        assertEq(_cash(client), CASH - escrow);
        vm.warp(t.end);
        market.settle(_final(t, escrow));
        assertEq(_cash(client), CASH - escrow);
    }

    // @tree it should do so by the client's signature, once
    function test_TopUp_Signed() external {
        Terms memory t = _open(1);
        bytes memory sig = _sign(clientKey, topUpHash(_lease(t), 600, t.end));
        vm.startPrank(relayer);
        market.topUp(t, 600, sig);
        t.end += 600;
        t.escrow += uint128(RATE) * 600;
        _assertLive(t);
        vm.expectRevert(abi.encodeWithSelector(NotPermitted.selector));
        market.topUp(t, 600, sig);
    }

    // @tree it should refuse a top-up by anyone else
    function test_TopUp_RevertWhen_Stranger() external {
        Terms memory t = _open(1);
        bytes memory why = abi.encodeWithSelector(NotPermitted.selector);
        vm.startPrank(relayer);
        vm.expectRevert(why);
        market.topUp(t, 600, NONE);
        bytes memory sig = _sign(watchKey, topUpHash(_lease(t), 600, t.end));
        vm.expectRevert(why);
        market.topUp(t, 600, sig);
        sig = _sign(clientKey, topUpHash(_lease(t), 601, t.end));
        vm.expectRevert(why);
        market.topUp(t, 600, sig);
    }

    // @tree it should refuse to go beyond the furthest end
    function test_TopUp_RevertWhen_TooLong() external {
        Terms memory t = _open(1);
        uint32 most = uint32(t.maxEnd - t.end);
        vm.startPrank(client);
        vm.expectRevert(abi.encodeWithSelector(BeyondMaxEnd.selector, t.maxEnd));
        market.topUp(t, most + 1, NONE);
        market.topUp(t, most, NONE);
        t.end = t.maxEnd;
        t.escrow += uint128(RATE) * most;
        _assertLive(t);
    }

    // @tree it should refuse after the end, after a requested close and for no seconds
    function test_TopUp_RevertWhen_Over() external {
        Terms memory t = _open(1);
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(ZeroAmount.selector));
        market.topUp(t, 0, NONE);
        Terms memory other = _requested(_open(2));
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(CloseAlreadyRequested.selector, other.closeAt));
        market.topUp(other, 60, NONE);
        vm.warp(t.end);
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(LeaseOver.selector));
        market.topUp(t, 60, NONE);
    }

    // @tree it should refuse more than the client's cash
    function test_TopUp_RevertWhen_Poor() external {
        Terms memory t = _open(1);
        uint128 cash = _cash(client);
        vm.startPrank(client);
        market.withdraw(address(gp), client, cash);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCash.selector, 0, uint128(RATE) * 60));
        market.topUp(t, 60, NONE);
    }

    // @tree it should refuse while entry is paused
    function test_TopUp_RevertWhen_Paused() external {
        Terms memory t = _open(1);
        vm.prank(admin);
        market.pause(address(gp));
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(EntryIsPaused.selector, address(gp)));
        market.topUp(t, 60, NONE);
    }
}
