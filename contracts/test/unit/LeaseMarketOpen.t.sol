// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, Offer, OpenArgs, Order, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

contract LeaseMarketOpenTest is MarketBase {
    function _refuse(OpenArgs memory a, bytes memory why) private {
        vm.prank(relayer);
        vm.expectRevert(why);
        market.open(a);
    }

    function _refuse(OpenArgs memory a, bytes4 why) private {
        _refuse(a, abi.encodeWithSelector(why));
    }

    /* AGREEMENT */

    // @tree it should take the escrow, occupy the unit and say so in one event
    function test_Open() external {
        OpenArgs memory a = _args(7);
        Terms memory t = _termsOf(a, 0, FEE_BPS);
        vm.expectEmit(address(market));
        emit LeaseOpened(
            _lease(t),
            client,
            provider,
            (uint256(uint160(address(gp))) << 96) | RATE,
            (uint256(uint160(watch)) << 96) | (uint256(7) << 32),
            (uint256(uint160(provider)) << 96) | (uint256(NOW) << 48) | (uint256(120) << 16) | FEE_BPS,
            (uint256(t.escrow) << 128) | (uint256(t.end) << 40) | t.maxEnd,
            hashOf(a.offer),
            hashOf(a.order)
        );
        vm.recordLogs();
        vm.prank(relayer);
        assertEq(market.open(a), _lease(t));
        assertEq(vm.getRecordedLogs().length, 1);
        _assertLive(t);
        assertEq(_cash(client), CASH - uint128(RATE) * 3600);
    }

    // @tree it should open the unit again with the next seq after a close
    function test_Open_Again() external {
        Terms memory t = _open(1);
        market.settle(_final(t, 0));
        _assertIdle(t);
        vm.recordLogs();
        Terms memory next = _open(1);
        (, uint256 keyUnitSeq) = abi.decode(vm.getRecordedLogs()[0].data, (uint256, uint256));
        assertEq(keyUnitSeq, (uint256(uint160(watch)) << 96) | (1 << 32) | 1);
        assertEq(next.seq, 1);
        _assertLive(next);
        assertTrue(_lease(next) != _lease(t));
    }

    // @tree it should accept an offer out of a signed batch
    function test_Open_Batched() external {
        (Offer memory left, Offer memory right) = (_offer(1), _offer(2));
        bytes32 leaf = offerLeaf(right);
        OpenArgs memory a = _args(left, _order());
        a.offerProof = new bytes32[](1);
        a.offerProof[0] = leaf;
        a.offerSig = _sign(providerKey, batchHash(pair(offerLeaf(left), leaf)));
        _assertLive(_openWith(a));
        // A batch of one offer is its own root.
        a = _args(3);
        a.offerSig = _sign(providerKey, batchHash(offerLeaf(a.offer)));
        _assertLive(_openWith(a));
        // Of four, the proof is two long.
        a = _args(4);
        a.offerProof = new bytes32[](2);
        (a.offerProof[0], a.offerProof[1]) = (leaf, keccak256("the other two"));
        a.offerSig = _sign(providerKey, batchHash(pair(pair(offerLeaf(a.offer), leaf), a.offerProof[1])));
        _assertLive(_openWith(a));
    }

    // @tree it should accept 64-byte signatures
    function test_Open_Compact() external {
        OpenArgs memory a = _args(1);
        a.offerSig = compact(a.offerSig);
        a.orderSig = compact(a.orderSig);
        assertEq(a.orderSig.length, 64);
        _assertLive(_openWith(a));
    }

    // @tree it should credit the offer's payTo instead of the provider
    function test_Open_PayTo() external {
        Offer memory offer = _offer(1);
        offer.payTo = makeAddr("pool");
        Terms memory t = _openWith(_args(offer, _order()));
        market.settle(_note(t, RATE));
        assertEq(_cash(offer.payTo), RATE - _feeOf(t, RATE));
        assertEq(_cash(provider), 0);
    }

    // @tree it should take the bid when it is above the floor
    function test_Open_Bid() external {
        Order memory order = _order();
        order.bid = RATE + 1;
        Terms memory t = _openWith(_args(_offer(1), order));
        assertEq(t.rate, RATE + 1);
        _assertLive(t);
        order = _order();
        order.bid = RATE - 1;
        assertEq(_openWith(_args(_offer(2), order)).rate, RATE);
    }

    // @tree it should hash offers, orders, mandates and leases as wallets do
    function test_Open_Hashes() external {
        Offer memory offer = _offer(3);
        Order memory order = _order();
        Mandate memory mandate = Mandate(client, relayer, address(gp), 1, 2, 3, bytes32(uint256(4)), 5, 6, 7);
        assertEq(market.offerHash(offer), hashOf(offer));
        assertEq(market.orderHash(order), hashOf(order));
        assertEq(market.mandateHash(mandate), hashOf(mandate));
        assertEq(market.domainSeparator(), domain);
        bytes32 lease = keccak256(abi.encode(block.chainid, address(market), provider, uint64(3), uint32(9)));
        assertEq(market.leaseId(provider, 3, 9), lease);
        vm.chainId(5);
        assertEq(market.domainSeparator(), domainOf(5, address(market)));
    }

    // @tree it should open for whoever sends it
    function test_Open_AnySender() external {
        OpenArgs memory a = _args(1);
        vm.prank(client);
        market.open(a);
        a = _args(2);
        vm.prank(provider);
        market.open(a);
        a = _args(3);
        vm.prank(stranger);
        market.open(a);
        assertEq(_cash(client), CASH - 3 * uint128(RATE) * 3600);
    }

    // @tree it should need no order signature from the client who sends it himself
    function test_Open_OwnOrder() external {
        OpenArgs memory a = _args(1);
        a.orderSig = "";
        _refuse(a, BadOrderSignature.selector);
        vm.prank(client);
        market.open(a);
        _assertLive(_termsOf(a, 0, FEE_BPS));
        OpenArgs[] memory many = new OpenArgs[](1);
        many[0] = _args(2);
        many[0].orderSig = "";
        vm.prank(client);
        market.openMany(many, true);
        _assertLive(_termsOf(many[0], 0, FEE_BPS));
    }

    /* DISAGREEMENT */

    // @tree it should refuse different tokens
    function test_Open_RevertWhen_TokensDiffer() external {
        Order memory order = _order();
        order.token = address(usdc);
        _refuse(_args(_offer(1), order), TokenMismatch.selector);
    }

    // @tree it should refuse an offer before its window and after it
    function test_Open_RevertWhen_OutsideOffer() external {
        Offer memory offer = _offer(1);
        offer.notBefore = NOW + 1;
        _refuse(_args(offer, _order()), abi.encodeWithSelector(OfferNotYetValid.selector, NOW + 1));
        offer.notBefore = NOW;
        offer.expiry = NOW - 1;
        _refuse(_args(offer, _order()), abi.encodeWithSelector(OfferExpired.selector, NOW - 1));
        offer.expiry = NOW; // its last second
        _assertLive(_openWith(_args(offer, _order())));
    }

    // @tree it should refuse an expired order
    function test_Open_RevertWhen_OrderExpired() external {
        Order memory order = _order();
        order.expiry = NOW - 1;
        _refuse(_args(_offer(1), order), abi.encodeWithSelector(OrderExpired.selector, NOW - 1));
        order.expiry = NOW;
        _assertLive(_openWith(_args(_offer(1), order)));
    }

    // @tree it should refuse another's private offer and open it for its client
    function test_Open_Private() external {
        Offer memory offer = _offer(1);
        offer.client = stranger;
        _refuse(_args(offer, _order()), abi.encodeWithSelector(NotYourOffer.selector, stranger));
        offer.client = client;
        _assertLive(_openWith(_args(offer, _order())));
    }

    // @tree it should refuse a lease without a key
    function test_Open_RevertWhen_NoKey() external {
        Order memory order = _order();
        order.key = address(0);
        _refuse(_args(_offer(1), order), NoLeaseKey.selector);
    }

    // @tree it should refuse a duration outside the offer's bounds
    function test_Open_RevertWhen_Duration() external {
        Order memory order = _order();
        Offer memory offer = _offer(1);
        uint32[3] memory bad = [uint32(0), 59, 1 days + 1];
        for (uint256 i = 0; i < bad.length; ++i) {
            order.duration = bad[i];
            bytes memory why = abi.encodeWithSelector(DurationOutOfRange.selector, bad[i], uint32(60), uint32(1 days));
            _refuse(_args(offer, order), why);
        }
        offer.minSeconds = 0;
        order.duration = 0;
        bytes4 reason = DurationOutOfRange.selector;
        _refuse(_args(offer, order), abi.encodeWithSelector(reason, uint32(0), uint32(0), uint32(1 days)));
        order.duration = 1 days;
        _assertLive(_openWith(_args(offer, order)));
    }

    // @tree it should refuse a grace of more than a day
    function test_Open_RevertWhen_Grace() external {
        Offer memory offer = _offer(1);
        uint32[2] memory bad = [uint32(1 days + 1), type(uint32).max];
        for (uint256 i = 0; i < bad.length; ++i) {
            offer.grace = bad[i];
            _refuse(_args(offer, _order()), abi.encodeWithSelector(GraceTooLong.selector, bad[i], uint32(1 days)));
        }
        offer.grace = 1 days;
        _assertLive(_openWith(_args(offer, _order())));
    }

    // @tree it should refuse a rate above the client's limit
    function test_Open_RevertWhen_Rate() external {
        Order memory order = _order();
        order.maxRate = RATE - 1;
        _refuse(_args(_offer(1), order), abi.encodeWithSelector(RateAboveLimit.selector, RATE, RATE - 1));
        order.maxRate = RATE + 1;
        order.bid = RATE + 2;
        _refuse(_args(_offer(1), order), abi.encodeWithSelector(RateAboveLimit.selector, RATE + 2, RATE + 1));
    }

    // @tree it should refuse an escrow above the client's limit
    function test_Open_RevertWhen_Escrow() external {
        Order memory order = _order();
        uint128 escrow = uint128(RATE) * 3600;
        order.maxEscrow = escrow - 1;
        _refuse(_args(_offer(1), order), abi.encodeWithSelector(EscrowAboveLimit.selector, escrow, escrow - 1));
        order.maxEscrow = escrow;
        _assertLive(_openWith(_args(_offer(1), order)));
    }

    // @tree it should name the fault that there is, and none of the limits that are just met
    function test_Open_RevertWhen_AtLimits() external {
        Order memory order = _order();
        order.maxRate = RATE;
        order.maxEscrow = uint128(RATE) * 3600 - 1;
        bytes4 why = EscrowAboveLimit.selector;
        _refuse(_args(_offer(1), order), abi.encodeWithSelector(why, uint128(RATE) * 3600, order.maxEscrow));
        Offer memory offer = _offer(1);
        offer.grace = 1 days;
        offer.expiry = offer.notBefore = uint40(block.timestamp);
        order = _order();
        order.expiry = uint40(block.timestamp);
        order.duration = 59;
        _refuse(_args(offer, order), abi.encodeWithSelector(DurationOutOfRange.selector, 59, 60, 1 days));
        order.duration = 60;
        _openWith(_args(offer, order));
    }

    // @tree it should keep units apart whose numbers differ in the highest bit
    function test_Open_HighUnits() external {
        // Of a provider whose address is odd, and of one whose is even.
        for (uint256 key = 1; key < 9; ++key) {
            (provider, providerKey) = (vm.addr(key), key);
            _assertLive(_open(5));
            _assertLive(_open(5 + (1 << 63)));
        }
    }

    // @tree it should refuse a unit or provider that the order does not list
    function test_Open_Units() external {
        bytes32 other = keccak256("other leaf");
        Order memory order = _order();
        order.units = pair(unitLeaf(provider, 1), other);
        OpenArgs memory a = _args(_offer(2), order);
        a.unitProof = new bytes32[](1);
        a.unitProof[0] = other;
        _refuse(a, UnitNotAllowed.selector);
        a = _args(_offer(1), order);
        _refuse(a, UnitNotAllowed.selector); // no proof
        a.unitProof = new bytes32[](1);
        a.unitProof[0] = other;
        _assertLive(_openWith(a));
        // All units of the provider.
        order = _order();
        order.units = pair(unitLeaf(provider, type(uint256).max), other);
        a = _args(_offer(2), order);
        a.unitProof = new bytes32[](1);
        a.unitProof[0] = other;
        _assertLive(_openWith(a));
        // A list of one is its own root and needs no proof.
        order = _order();
        order.units = unitLeaf(provider, 3);
        _assertLive(_openWith(_args(_offer(3), order)));
    }
}
