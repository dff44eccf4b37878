// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {OpenArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";
import {AnsweringSource, BurningSource, FailingSource} from "../support/FeeSources.sol";
import {CallingToken} from "../support/Tokens.sol";

contract LeaseMarketAdministrationTest is MarketBase {
    address private _sink = makeAddr("sink");

    // @tree it should refuse parameters out of bounds
    function test_Constructor_RevertWhen_OutOfBounds() external {
        bytes memory why = abi.encodeWithSelector(OutOfBounds.selector);
        assertEq(_refusal(address(0), 6_000, WINDOW), abi.encodeWithSelector(ZeroAddress.selector));
        assertEq(_refusal(address(gp), 999, WINDOW), why);
        assertEq(_refusal(address(gp), 10_001, WINDOW), why);
        assertEq(_refusal(address(gp), 6_000, 59), why);
        assertEq(_refusal(address(gp), 6_000, 7 days + 1), why);
        assertEq(_refusal(address(gp), 1_000, 1 minutes), "");
        assertEq(_refusal(address(gp), 10_000, 7 days), "");
        assertEq(market.GP(), address(gp));
        assertEq(market.CLOSE_WINDOW(), WINDOW);
    }

    function _refusal(address token, uint16 burnBps, uint40 window) private returns (bytes memory) {
        return _refusalOf("LeaseMarket", abi.encode(address(manager), token, burnBps, window));
    }

    // @tree it should say what each setting became
    function test_Settings() external {
        vm.recordLogs();
        LeaseMarket other = LeaseMarket(
            _deployArtefact("LeaseMarket", abi.encode(address(manager), address(gp), uint16(2_000), WINDOW))
        );
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs[0].emitter, address(other));
        assertEq(logs[0].topics[0], BurnShareSet.selector);
        assertEq(logs[0].data, abi.encode(uint16(2_000)));
        vm.startPrank(admin);
        vm.expectEmit(address(market));
        emit FeeSinkSet(_sink);
        market.setFeeSink(_sink);
        vm.expectEmit(address(market));
        emit FeeAuctionSet(stranger);
        market.setFeeAuction(stranger);
        vm.expectEmit(address(market));
        emit FeeSourceSet(relayer);
        market.setFeeSource(relayer);
        vm.expectEmit(address(market));
        emit BurnShareSet(1_000);
        market.setBurnBps(1_000);
        (address sink, uint16 burnBps, address auction, address source) = market.feeSettings();
        assertEq(sink, _sink);
        assertEq(burnBps, 1_000);
        assertEq(auction, stranger);
        assertEq(source, relayer);
    }

    /* ROLES */

    // @tree it should refuse every caller without the role
    function test_Restricted() external {
        bytes[7] memory calls = [
            abi.encodeCall(market.listToken, (address(gp), 0)),
            abi.encodeCall(market.pause, (address(0))),
            abi.encodeCall(market.unpause, (address(0))),
            abi.encodeCall(market.setFeeSink, (stranger)),
            abi.encodeCall(market.setFeeAuction, (stranger)),
            abi.encodeCall(market.setFeeSource, (stranger)),
            abi.encodeCall(market.setBurnBps, (5_000))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(stranger);
            (bool ok, bytes memory why) = address(market).call(calls[i]);
            assertFalse(ok);
            assertEq(bytes4(why), bytes4(keccak256("AccessManagedUnauthorized(address)")));
        }
    }

    // @tree it should list tokens within bounds and at most eight
    function test_ListToken() external {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector));
        market.listToken(address(gp), 1_001);
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        market.listToken(address(0), 0);
        for (uint256 i = 2; i < 8; ++i) {
            market.listToken(address(new CallingToken()), 0);
        }
        address ninth = address(new CallingToken());
        vm.expectRevert(abi.encodeWithSelector(TooManyTokens.selector));
        market.listToken(ninth, 0);
        (bool unknown, , ) = market.tokenOf(ninth);
        assertFalse(unknown);
        vm.expectEmit(address(market));
        emit TokenListed(address(usdc), 1_000);
        market.listToken(address(usdc), 1_000);
        assertEq(market.tokens().length, 8);
        (bool listed, bool paused, uint16 feeBps) = market.tokenOf(address(usdc));
        assertTrue(listed);
        assertFalse(paused);
        assertEq(feeBps, 1_000);
    }

    // @tree it should refuse a token whose supply does not fit the ledger
    function test_ListToken_RevertWhen_TooManyExist() external {
        CallingToken token = new CallingToken();
        token.transferFrom(stranger, stranger, uint256(type(uint128).max) + 1);
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector));
        market.listToken(address(token), 0);
        CallingToken largest = new CallingToken();
        largest.transferFrom(stranger, stranger, type(uint128).max);
        market.listToken(address(largest), 0);
    }

    // @tree it should change the fee of later leases only
    function test_ListToken_LaterLeases() external {
        Terms memory t = _open(1);
        vm.prank(admin);
        market.listToken(address(gp), 100);
        uint128 total = 100 * uint128(RATE);
        market.settle(_final(t, total));
        assertEq(market.feesOf(address(gp)), (uint256(total) * 500) / 10_000);
        assertEq(_open(2).feeBps, 100);
    }

    // @tree it should pause and resume one token or all
    function test_Pause() external {
        vm.startPrank(admin);
        vm.expectEmit(address(market));
        emit EntryPaused(address(gp), true);
        market.pause(address(gp));
        _assertPaused(true, false);
        market.pause(address(0));
        _assertPaused(true, true);
        market.unpause(address(usdc));
        _assertPaused(true, false);
        market.unpause(address(0));
        _assertPaused(false, false);
        vm.expectRevert(abi.encodeWithSelector(TokenNotListed.selector, stranger));
        market.pause(stranger);
    }

    function _assertPaused(bool gpPaused, bool usdcPaused) private view {
        (, bool a, uint16 feeBps) = market.tokenOf(address(gp));
        (, bool b, ) = market.tokenOf(address(usdc));
        assertEq(a, gpPaused);
        assertEq(b, usdcPaused);
        assertEq(feeBps, FEE_BPS);
    }

    // @tree it should keep the burn share within bounds
    function test_SetBurnBps() external {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector));
        market.setBurnBps(999);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector));
        market.setBurnBps(10_001);
        market.setBurnBps(10_000);
        (, uint16 burnBps, , ) = market.feeSettings();
        assertEq(burnBps, 10_000);
    }

    /* FEES */

    function _accrue() private returns (uint128 fees) {
        Terms memory t = _open(1);
        market.settle(_final(t, 120 * uint128(RATE)));
        fees = market.feesOf(address(gp));
        assertGt(fees, 0);
    }

    // @tree it should burn the burn share of GP and sink the rest, for anyone
    function test_CollectFees() external {
        uint128 fees = _accrue();
        uint128 burned = uint128((uint256(fees) * 6_000) / 10_000);
        vm.prank(admin);
        market.setFeeSink(_sink);
        uint256 supply = gp.totalSupply();
        vm.expectEmit(address(market));
        emit FeesCollected(address(gp), burned, _sink, fees - burned);
        vm.prank(stranger);
        market.collectFees(address(gp));
        assertEq(gp.totalSupply(), supply - burned);
        assertEq(gp.balanceOf(_sink), fees - burned);
        assertEq(market.feesOf(address(gp)), 0);
    }

    // @tree it should keep GP fees while there is no sink
    function test_CollectFees_RevertWhen_NoSink() external {
        uint128 fees = _accrue();
        vm.expectRevert(abi.encodeWithSelector(NoFeeSink.selector));
        market.collectFees(address(gp));
        assertEq(market.feesOf(address(gp)), fees);
    }

    // @tree it should keep other fees until there is an auction
    function test_CollectFees_Auction() external {
        usdc.mint(address(this), 1e6);
        usdc.approve(address(market), 1e6);
        market.depositFor(client, address(usdc), 1e6);
        OpenArgs memory a = _args(1);
        a.offer.token = a.order.token = address(usdc);
        a.offer.rate = 100;
        Terms memory t = _openWith(_args(a.offer, a.order));
        assertEq(t.feeBps, 300);
        market.settle(_final(t, 12_000));
        assertEq(market.feesOf(address(usdc)), 360);
        vm.startPrank(admin);
        market.setFeeSink(_sink);
        vm.expectRevert(abi.encodeWithSelector(NoFeeAuction.selector));
        market.collectFees(address(usdc));
        market.setFeeAuction(stranger);
        market.collectFees(address(usdc));
        assertEq(usdc.balanceOf(stranger), 360);
        assertEq(usdc.balanceOf(_sink), 0);
    }

    // @tree it should refuse when there is nothing
    function test_CollectFees_RevertWhen_Nothing() external {
        vm.expectRevert(abi.encodeWithSelector(NothingToCollect.selector));
        market.collectFees(address(gp));
    }

    // @tree it should refuse itself as a destination
    function test_SetFeeSink_RevertWhen_Itself() external {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector));
        market.setFeeSink(address(market));
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector));
        market.setFeeAuction(address(market));
    }

    /* DISCOUNTS */

    function _discounted(address source, uint64 unit) private returns (uint16) {
        vm.prank(admin);
        market.setFeeSource(source);
        OpenArgs memory a = _args(unit);
        market.open(a);
        for (uint16 feeBps = 0; feeBps <= FEE_BPS; ++feeBps) {
            if (market.isLive(_termsOf(a, 0, feeBps))) return feeBps;
        }
        revert("the fee is above the token's");
    }

    // @tree it should lower the fee and cap the discount
    function test_Discount() external {
        assertEq(_discounted(address(new AnsweringSource(client, provider, 2_000)), 1), 400);
        assertEq(_discounted(address(new AnsweringSource(client, provider, 5_000)), 2), 250);
        assertEq(_discounted(address(new AnsweringSource(client, provider, 5_001)), 3), 250);
        assertEq(_discounted(address(new AnsweringSource(client, provider, type(uint256).max)), 4), 250);
        assertEq(_discounted(address(new AnsweringSource(stranger, provider, 2_000)), 5), 500);
        assertEq(_discounted(address(0), 6), 500);
    }

    // @tree it should ignore a source that fails, lies or answers too little
    function test_Discount_BadSource() external {
        assertEq(_discounted(address(gp), 1), 500); // has no such function
        assertEq(_discounted(stranger, 2), 500); // has no code
        assertEq(_discounted(address(new BurningSource()), 3), 500); // burns all its gas
        assertEq(_discounted(address(new FailingSource(2_000)), 4), 500); // fails with a number
    }

    // @tree it should also hold for tokens listed later
    function test_Discount_LaterToken() external {
        AnsweringSource source = new AnsweringSource(client, provider, 2_000);
        CallingToken token = new CallingToken();
        vm.startPrank(admin);
        market.setFeeSource(address(source));
        market.listToken(address(token), 1_000);
        vm.stopPrank();
        (, , , address set) = market.feeSettings();
        assertEq(set, address(source));
        OpenArgs memory a = _args(1);
        a.offer.token = a.order.token = address(token);
        a.offer.rate = 0;
        a = _args(a.offer, a.order);
        market.open(a);
        assertTrue(market.isLive(_termsOf(a, 0, 800)));
    }

    // @tree it should refuse to open when the source gets too little gas
    function test_Discount_RevertWhen_LittleGas() external {
        AnsweringSource source = new AnsweringSource(client, provider, 2_000);
        vm.prank(admin);
        market.setFeeSource(address(source));
        OpenArgs memory a = _args(1);
        vm.expectRevert(abi.encodeWithSelector(NotEnoughGas.selector));
        market.open{gas: 100_000}(a);
        // With twice its gas, and without a source at all, gas is no reason to refuse.
        bytes memory data = abi.encodeCall(market.open, (a));
        (, bytes memory why) = address(market).call{gas: 140_000}(data);
        assertTrue(bytes4(why) != NotEnoughGas.selector);
        vm.prank(admin);
        market.setFeeSource(address(0));
        (, why) = address(market).call{gas: 100_000}(data);
        assertTrue(bytes4(why) != NotEnoughGas.selector);
    }

    // @tree it should give the source 50,000 gas
    function test_Discount_Gas() external {
        // PUSH2 49,975; GAS; SUB; PUSH1 100; MUL; return it: 2,000, and 100 for each unit of gas more.
        vm.etch(stranger, hex"61c3375a03606402_5f5260205ff3");
        assertEq(_discounted(stranger, 1), 400);
    }

    /* CANCELLING */

    // @tree it should raise the counter in every token and start the window anew
    function test_CancelAll() external {
        _open(1);
        vm.expectEmit(address(market));
        emit CancelledAll(client, 2);
        vm.prank(client);
        market.cancelAll();
        (uint128 cash, uint32 counter, uint32 top, uint64 window) = market.accountOf(address(gp), client);
        assertEq(cash, CASH - uint128(RATE) * 3600);
        assertEq(counter, 2);
        assertEq(top, 0);
        assertEq(window, 0);
        (, counter, , ) = market.accountOf(address(usdc), client);
        assertEq(counter, 2);
    }

    // @tree it should do so by signature, once
    function test_CancelAllFor() external {
        bytes memory sig = _sign(clientKey, cancelAllHash(client, 2));
        vm.startPrank(relayer);
        vm.expectRevert(abi.encodeWithSelector(NotPermitted.selector));
        market.cancelAllFor(provider, 2, sig);
        market.cancelAllFor(client, 2, sig);
        vm.expectRevert(abi.encodeWithSelector(WrongCounter.selector, 3));
        market.cancelAllFor(client, 2, sig);
        vm.expectRevert(abi.encodeWithSelector(NotPermitted.selector));
        market.cancelAllFor(client, 3, sig);
    }

    // @tree it should bring tokens into step
    function test_CancelAll_LaterToken() external {
        vm.prank(client);
        market.cancelAll();
        CallingToken token = new CallingToken();
        vm.prank(admin);
        market.listToken(address(token), 0);
        vm.prank(client);
        market.cancelAll();
        (, uint32 counter, , ) = market.accountOf(address(token), client);
        assertEq(counter, 3);
        (, counter, , ) = market.accountOf(address(gp), client);
        assertEq(counter, 3);
    }

    // @tree it should count on from the only token there was
    function test_CancelAll_FirstToken() external {
        LeaseMarket other = LeaseMarket(
            _deployArtefact("LeaseMarket", abi.encode(address(manager), address(gp), uint16(6_000), WINDOW))
        );
        _allow(address(other), other.listToken.selector, admin);
        vm.prank(admin);
        other.listToken(address(gp), 0);
        vm.startPrank(client);
        other.cancelAll();
        other.cancelAll();
        (, uint32 counter, , ) = other.accountOf(address(gp), client);
        assertEq(counter, 3);
    }
}
