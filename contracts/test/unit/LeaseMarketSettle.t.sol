// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CloseReason} from "../../src/interfaces/ILeaseMarketEvents.sol";
import {OpenArgs, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

contract LeaseMarketSettleTest is MarketBase {
    function _refuse(SettleArgs memory s, bytes memory why) private {
        vm.prank(relayer);
        vm.expectRevert(why);
        market.settle(s);
    }

    function _refuse(SettleArgs memory s, bytes4 why) private {
        _refuse(s, abi.encodeWithSelector(why));
    }

    function _paid(Terms memory t, uint128 total) private pure returns (Terms memory next) {
        next = abi.decode(abi.encode(t), (Terms));
        next.paid = total;
    }

    /* GOOD NOTES */

    // @tree it should credit the provider, accrue the fee and keep the lease live
    function test_Settle() external {
        Terms memory t = _open(1);
        skip(100);
        uint128 total = 100 * uint128(RATE);
        uint128 fee = _feeOf(t, total);
        vm.expectEmit(address(market));
        emit LeaseSettled(_lease(t), total, total - fee, fee);
        vm.prank(relayer);
        market.settle(_note(t, total));
        assertEq(_cash(provider), total - fee);
        assertEq(market.feesOf(address(gp)), fee);
        assertGt(fee, 0);
        _assertLive(_paid(t, total));
        assertFalse(market.isLive(t));
    }

    // @tree it should pay up to rate times elapsed and grace
    function test_Settle_AtCap() external {
        Terms memory t = _open(1);
        market.settle(_note(t, 120 * uint128(RATE)));
        t = _paid(t, 120 * uint128(RATE));
        skip(10);
        uint128 step = 10 * uint128(RATE);
        uint128 fee = _feeOf(t, 130 * uint128(RATE)) - _feeOf(t, t.paid);
        vm.expectEmit(address(market));
        emit LeaseSettled(_lease(t), 130 * uint128(RATE), step - fee, fee);
        market.settle(_note(t, 130 * uint128(RATE)));
        _assertLive(_paid(t, 130 * uint128(RATE)));
    }

    // @tree it should pay up to the escrow after the end
    function test_Settle_AfterEnd() external {
        Terms memory t = _open(1);
        skip(2 hours);
        _refuse(_note(t, t.escrow + 1), abi.encodeWithSelector(TotalAboveCap.selector, t.escrow + 1, t.escrow));
        market.settle(_note(t, t.escrow));
        assertEq(_cash(provider) + market.feesOf(address(gp)), t.escrow);
    }

    // @tree it should take the same fee however often it settles
    function test_Settle_Often() external {
        Terms memory t = _open(1);
        uint128 total = 0;
        for (uint256 i = 0; i < 50; ++i) {
            total += 19; // less than a base unit of fee each
            market.settle(_note(t, total));
            t = _paid(t, total);
        }
        assertEq(market.feesOf(address(gp)), _feeOf(t, total));
        assertEq(_cash(provider), total - _feeOf(t, total));
        assertGt(_feeOf(t, total), 0);
    }

    // @tree it should do nothing for the total already paid
    function test_Settle_Nothing() external {
        Terms memory t = _open(1);
        SettleArgs memory s;
        s.terms = t;
        vm.recordLogs();
        market.settle(s);
        assertEq(vm.getRecordedLogs().length, 0);
        _assertLive(t);
    }

    // @tree it should settle while entry is paused and after cancelAll
    function test_Settle_Always() external {
        Terms memory t = _open(1);
        vm.prank(admin);
        market.pause(address(0));
        vm.prank(client);
        market.cancelAll();
        vm.prank(provider);
        market.cancelAll();
        market.settle(_final(t, RATE));
        _assertIdle(t);
    }

    /* AGREED CLOSE */

    // @tree it should end at once, refund the rest and free the unit
    function test_Close() external {
        Terms memory t = _open(1);
        skip(60);
        uint128 total = 60 * uint128(RATE);
        uint128 fee = _feeOf(t, total);
        vm.expectEmit(address(market));
        emit LeaseClosed(_lease(t), total, fee, t.escrow - total, uint8(CloseReason.Agreed));
        vm.recordLogs();
        vm.prank(relayer);
        market.settle(_final(t, total));
        assertEq(vm.getRecordedLogs().length, 1);
        _assertIdle(t);
        assertEq(_cash(client), CASH - total);
        assertEq(_cash(provider), total - fee);
        assertEq(market.feesOf(address(gp)), fee);
    }

    // @tree it should end at the total already paid without a note
    function test_Close_WithoutNote() external {
        Terms memory t = _open(1);
        SettleArgs memory s = _final(t, 0);
        s.noteSig = "";
        vm.expectEmit(address(market));
        emit LeaseClosed(_lease(t), 0, 0, t.escrow, uint8(CloseReason.Agreed));
        market.settle(s);
        _assertIdle(t);
        assertEq(_cash(client), CASH);
    }

    // @tree it should refuse another's consent and a consent to another total
    function test_Close_RevertWhen_NotAgreed() external {
        Terms memory t = _open(1);
        SettleArgs memory s = _note(t, RATE);
        s.closeSig = _sign(clientKey, closeHash(_lease(t), RATE));
        _refuse(s, BadCloseSignature.selector);
        s.closeSig = _sign(providerKey, closeHash(_lease(t), RATE + 1));
        _refuse(s, BadCloseSignature.selector);
        s.closeSig = s.noteSig;
        _refuse(s, BadCloseSignature.selector);
        _assertLive(t);
    }

    // @tree it should refund nothing when all is spent
    function test_Close_AllSpent() external {
        Terms memory t = _open(1);
        skip(1 hours);
        market.settle(_final(t, t.escrow));
        assertEq(_cash(client), CASH - t.escrow);
        _assertIdle(t);
    }

    /* PROVIDER */

    // @tree it should end at once by closeNow
    function test_CloseNow() external {
        Terms memory t = _open(1);
        skip(60);
        uint128 total = 60 * uint128(RATE);
        uint128 fee = _feeOf(t, total);
        vm.expectEmit(address(market));
        emit LeaseClosed(_lease(t), total, fee, t.escrow - total, uint8(CloseReason.ByProvider));
        vm.prank(provider);
        market.closeNow(_note(t, total));
        _assertIdle(t);
        assertEq(_cash(client), CASH - total);
        assertEq(_cash(provider), total - fee);
    }

    // @tree it should refuse closeNow from anyone else
    function test_CloseNow_RevertWhen_NotProvider() external {
        Terms memory t = _open(1);
        SettleArgs memory s = _final(t, RATE);
        address[3] memory others = [client, watch, relayer];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(NotProvider.selector));
            market.closeNow(s);
        }
    }

    // @tree it should stay open by settle without consent
    function test_Settle_ByProvider() external {
        Terms memory t = _open(1);
        vm.prank(provider);
        market.settle(_note(t, RATE));
        _assertLive(_paid(t, RATE));
    }

    /* BAD NOTES */

    // @tree it should refuse a total above the cap
    function test_Settle_RevertWhen_AboveCap() external {
        Terms memory t = _open(1);
        uint128 cap = 120 * uint128(RATE);
        _refuse(_note(t, cap + 1), abi.encodeWithSelector(TotalAboveCap.selector, cap + 1, cap));
        skip(30);
        cap = 150 * uint128(RATE);
        _refuse(_note(t, cap + 1), abi.encodeWithSelector(TotalAboveCap.selector, cap + 1, cap));
    }

    // @tree it should refuse a total below what is paid
    function test_Settle_RevertWhen_Below() external {
        Terms memory t = _open(1);
        market.settle(_note(t, RATE));
        t = _paid(t, RATE);
        _refuse(_note(t, RATE - 1), abi.encodeWithSelector(TotalBelowPaid.selector, RATE - 1, RATE));
    }

    // @tree it should refuse a note of another key, lease, market or chain
    function test_Settle_RevertWhen_Foreign() external {
        Terms memory t = _open(1);
        Terms memory other = _open(2);
        SettleArgs memory s = _note(t, RATE);
        s.noteSig = _sign(clientKey, noteHash(_lease(t), RATE));
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = _sign(watchKey, noteHash(_lease(other), RATE));
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = _sign(watchKey, closeHash(_lease(t), RATE));
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = signUnder(domainOf(block.chainid, stranger), watchKey, noteHash(_lease(t), RATE));
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = signUnder(domainOf(block.chainid + 1, address(market)), watchKey, noteHash(_lease(t), RATE));
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = _sign(watchKey, noteHash(_lease(t), RATE));
        market.settle(s);
    }

    // @tree it should refuse a malleated note and a note of odd length
    function test_Settle_RevertWhen_Malleated() external {
        Terms memory t = _open(1);
        SettleArgs memory s = _note(t, RATE);
        bytes memory good = s.noteSig;
        s.noteSig = malleated(good);
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = abi.encodePacked(good, hex"00");
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = "";
        _refuse(s, BadNoteSignature.selector);
        s.noteSig = compact(good);
        market.settle(s);
    }

    // @tree it should take a note with the highest s that is low, and none above
    function test_Settle_HighestS() external {
        for (uint64 i = 0; i < 2; ++i) {
            OpenArgs memory a = _args(i);
            bytes32 hash = noteHash(_lease(_termsOf(a, 0, FEE_BPS)), RATE);
            (bytes32 r, , ) = parts(_sign(watchKey, hash));
            uint256 s = N / 2 + i;
            // Whoever has this key, r and s are his signature.
            a.order.key = ecrecover(keccak256(abi.encodePacked(hex"1901", domain, hash)), 27, r, bytes32(s));
            SettleArgs memory note = _note(_openWith(_args(a.offer, a.order)), RATE);
            note.noteSig = abi.encodePacked(r, s, uint8(27));
            if (i == 0) market.settle(note);
            else _refuse(note, BadNoteSignature.selector);
        }
    }

    // @tree it should refuse a note of an earlier lease of the unit
    function test_Settle_RevertWhen_EarlierLease() external {
        Terms memory t = _open(1);
        SettleArgs memory old = _note(t, 100 * uint128(RATE));
        market.settle(_final(t, RATE));
        _refuse(old, UnknownTerms.selector);
        old.terms = _open(1);
        _refuse(old, BadNoteSignature.selector);
    }

    // @tree it should refuse terms that are not live
    function test_Settle_RevertWhen_UnknownTerms() external {
        Terms memory t = _open(1);
        bytes memory good = abi.encode(t);
        for (uint256 word = 0; word < 18; ++word) {
            bytes memory bad = bytes.concat(good);
            bad[32 * word + 31] = bytes1(uint8(bad[32 * word + 31]) ^ 1);
            _refuse(_note(abi.decode(bad, (Terms)), RATE), UnknownTerms.selector);
        }
        market.settle(_note(t, RATE));
        _refuse(_note(t, 2 * RATE), UnknownTerms.selector); // the terms before that payment
    }

    /* MANY */

    // @tree it should settle each and skip the ones that fail
    function test_SettleMany() external {
        SettleArgs[] memory s = new SettleArgs[](4);
        Terms[4] memory t = [_open(1), _open(2), _open(3), _open(4)];
        s[0] = _note(t[0], RATE);
        s[1] = _note(t[1], type(uint128).max);
        s[2] = _note(t[2], RATE);
        s[2].noteSig = s[0].noteSig;
        s[3] = _final(t[3], RATE);
        vm.expectEmit(address(market));
        emit SettleSkipped(1, TotalAboveCap.selector);
        vm.expectEmit(address(market));
        emit SettleSkipped(2, BadNoteSignature.selector);
        vm.prank(relayer);
        market.settleMany(s, false);
        _assertLive(_paid(t[0], RATE));
        _assertLive(t[1]);
        _assertLive(t[2]);
        _assertIdle(t[3]);
    }

    // @tree it should close each for the provider who sends them
    function test_SettleMany_Closing() external {
        SettleArgs[] memory s = new SettleArgs[](2);
        Terms[2] memory t = [_open(1), _open(2)];
        s[0] = _note(t[0], RATE);
        s[1] = _note(t[1], 0);
        vm.expectEmit(address(market));
        emit SettleSkipped(0, NotProvider.selector);
        vm.prank(relayer);
        market.settleMany(s, true);
        vm.prank(provider);
        market.settleMany(s, true);
        _assertIdle(t[0]);
        _assertIdle(t[1]);
        assertEq(_cash(client), CASH - RATE);
    }

    // @tree it should refuse a batch that is not encoded in order
    function test_SettleMany_RevertWhen_OutOfOrder() external {
        SettleArgs[] memory s = new SettleArgs[](2);
        s[0] = _note(_open(1), RATE);
        s[1] = _note(_open(2), RATE);
        bytes memory data = abi.encodeCall(market.settleMany, (s, false));
        uint256 first;
        assembly {
            // The offsets of the two items lie behind selector, array offset, flag and length.
            first := mload(add(data, 0x84))
            mstore(add(data, 0x84), mload(add(data, 0xa4)))
            mstore(add(data, 0xa4), first)
        }
        (bool ok, bytes memory why) = address(market).call(data);
        assertFalse(ok);
        assertEq(bytes4(why), BadBatchEncoding.selector);
    }

    // @tree it should keep its item function to itself
    function test_SettleBatchItem_RevertWhen_Called() external {
        SettleArgs memory s = _note(_open(1), RATE);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(OnlySelf.selector));
        market.settleBatchItem(s, provider, true);
    }

    /* VIEW */

    // @tree it should answer the capped difference, and zero for terms that are not live
    function test_Collectable() external {
        Terms memory t = _open(1);
        assertEq(market.collectable(t, RATE), RATE);
        assertEq(market.collectable(t, type(uint128).max), 120 * uint128(RATE));
        market.settle(_note(t, RATE));
        assertEq(market.collectable(t, RATE), 0);
        t = _paid(t, RATE);
        assertEq(market.collectable(t, RATE), 0);
        assertEq(market.collectable(t, RATE - 1), 0);
        assertEq(market.collectable(t, RATE + 1), 1);
        skip(1 days);
        assertEq(market.collectable(t, type(uint128).max), t.escrow - RATE);
    }
}
