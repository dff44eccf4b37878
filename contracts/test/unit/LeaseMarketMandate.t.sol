// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, OpenArgs, Order, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

contract LeaseMarketMandateTest is MarketBase {
    uint128 private constant HOUR = uint128(RATE) * 3600;
    address private _operator;
    uint256 private _operatorKey;

    function setUp() public override {
        super.setUp();
        (_operator, _operatorKey) = makeAddrAndKey("operator");
    }

    function _mandate() private view returns (Mandate memory m) {
        m.client = client;
        m.operator = _operator;
        m.token = address(gp);
        m.maxRate = RATE;
        m.maxEscrow = HOUR;
        m.maxTotal = 3 * HOUR - 1;
        m.expiry = NOW + 1 days;
        m.counter = 1;
    }

    /// @dev An opening that the operator signs.
    function _under(Mandate memory m, uint64 unit, Order memory order) private view returns (OpenArgs memory a) {
        a = _args(_offer(unit), order);
        a.orderSig = _sign(_operatorKey, mandatedHash(m, order));
        a.mandate = _mandateBytes(m, clientKey);
    }

    function _refuse(OpenArgs memory a, bytes memory why) private {
        vm.prank(_operator);
        vm.expectRevert(why);
        market.open(a);
    }

    function _refuse(OpenArgs memory a, bytes4 why) private {
        _refuse(a, abi.encodeWithSelector(why));
    }

    // @tree it should open, count the escrow and say so
    function test_Mandate() external {
        Mandate memory m = _mandate();
        OpenArgs memory a = _under(m, 1, _order());
        vm.expectEmit(address(market));
        emit MandateUsed(hashOf(m), _lease(_termsOf(a, 0, FEE_BPS)), HOUR);
        Terms memory t = _openWith(a);
        _assertLive(t);
        assertEq(_cash(client), CASH - HOUR);
        (uint128 committed, uint32 top, uint64 window, bool revoked) = market.mandateOf(hashOf(m));
        assertEq(committed, HOUR);
        assertEq(top, a.order.nonce);
        assertEq(window, 1);
        assertFalse(revoked);
        market.settle(_final(t, 0)); // what was committed stays committed
        (committed, , , ) = market.mandateOf(hashOf(m));
        assertEq(committed, HOUR);
    }

    // @tree it should keep the operator's nonces apart from the client's
    function test_Mandate_OwnNonces() external {
        Order memory order = _order();
        order.nonce = 1_000_000;
        _openWith(_under(_mandate(), 1, order));
        (, , uint32 top, ) = market.accountOf(address(gp), client);
        assertEq(top, 0);
        order = _order();
        order.nonce = 1;
        _assertLive(_openWith(_args(_offer(2), order)));
    }

    // @tree it should open for listed providers only
    function test_Mandate_Providers() external {
        Mandate memory m = _mandate();
        m.providers = pair(unitLeaf(provider, type(uint256).max), keccak256("another"));
        OpenArgs memory a = _under(m, 1, _order());
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = keccak256("another");
        a.mandate = abi.encode(m, _sign(clientKey, hashOf(m)), proof);
        _assertLive(_openWith(a));
    }

    // @tree it should refuse another token or client
    function test_Mandate_RevertWhen_Mismatch() external {
        Mandate memory m = _mandate();
        m.token = address(usdc);
        _refuse(_under(m, 1, _order()), MandateMismatch.selector);
        m = _mandate();
        m.client = stranger;
        _refuse(_under(m, 1, _order()), MandateMismatch.selector);
    }

    // @tree it should refuse a higher rate
    function test_Mandate_RevertWhen_Rate() external {
        Order memory order = _order();
        order.bid = RATE + 1;
        order.duration = 60;
        _refuse(_under(_mandate(), 1, order), abi.encodeWithSelector(RateAboveLimit.selector, RATE + 1, RATE));
    }

    // @tree it should refuse a higher escrow per lease
    function test_Mandate_RevertWhen_Escrow() external {
        Order memory order = _order();
        order.duration = 3601;
        bytes memory why = abi.encodeWithSelector(EscrowAboveLimit.selector, HOUR + RATE, HOUR);
        _refuse(_under(_mandate(), 1, order), why);
    }

    // @tree it should refuse more in all than the mandate's total
    function test_Mandate_RevertWhen_Exhausted() external {
        Mandate memory m = _mandate();
        _openWith(_under(m, 1, _order()));
        market.settle(_final(_openWith(_under(m, 2, _order())), 0)); // a refund frees nothing
        bytes memory why = abi.encodeWithSelector(MandateExhausted.selector, 2 * HOUR, 3 * HOUR - 1);
        _refuse(_under(m, 3, _order()), why);
        Order memory order = _order();
        order.duration = 3599;
        _assertLive(_openWith(_under(m, 3, order)));
    }

    // @tree it should refuse after its expiry
    function test_Mandate_RevertWhen_Expired() external {
        Mandate memory m = _mandate();
        m.expiry = NOW - 1;
        _refuse(_under(m, 1, _order()), abi.encodeWithSelector(MandateExpired.selector, NOW - 1));
        m.expiry = NOW;
        _assertLive(_openWith(_under(m, 1, _order())));
    }

    // @tree it should refuse a provider that is not listed
    function test_Mandate_RevertWhen_NotListed() external {
        Mandate memory m = _mandate();
        m.providers = unitLeaf(stranger, type(uint256).max);
        _refuse(_under(m, 1, _order()), ProviderNotInMandate.selector);
    }

    // @tree it should refuse an order twice
    function test_Mandate_RevertWhen_Twice() external {
        Mandate memory m = _mandate();
        OpenArgs memory a = _under(m, 1, _order());
        _openWith(a);
        _refuse(_under(m, 2, a.order), abi.encodeWithSelector(NonceUsed.selector, a.order.nonce));
    }

    // @tree it should refuse an order of another mandate of the same client and operator
    function test_Mandate_RevertWhen_OtherMandate() external {
        Mandate memory m = _mandate();
        OpenArgs memory a = _under(m, 1, _order());
        OpenArgs memory b = _args(_offer(2), a.order);
        m.salt = 1; // the client renews his mandate, and somebody keeps what was signed under the old one
        b.orderSig = a.orderSig;
        b.mandate = _mandateBytes(m, clientKey);
        _openWith(a);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(BadOrderSignature.selector));
        market.open(b);
        b.orderSig = _sign(_operatorKey, mandatedHash(m, a.order));
        _assertLive(_openWith(b)); // it was only the signature
    }

    // @tree it should refuse a mandate that the client did not sign
    function test_Mandate_RevertWhen_NotSigned() external {
        Mandate memory m = _mandate();
        OpenArgs memory a = _under(m, 1, _order());
        a.mandate = _mandateBytes(m, _operatorKey);
        _refuse(a, BadMandate.selector);
        bytes memory sig = _sign(clientKey, hashOf(m));
        m.maxTotal += 1;
        a.mandate = abi.encode(m, sig, new bytes32[](0));
        _refuse(a, BadMandate.selector);
    }

    // @tree it should refuse an order that the operator did not sign
    function test_Mandate_RevertWhen_OrderForged() external {
        OpenArgs memory a = _under(_mandate(), 1, _order());
        a.orderSig = _sign(providerKey, mandatedHash(_mandate(), a.order));
        _refuse(a, BadOrderSignature.selector);
        a.orderSig = _sign(clientKey, hashOf(a.order)); // the client's own order needs no mandate
        _refuse(a, BadOrderSignature.selector);
        a.orderSig = _sign(_operatorKey, hashOf(a.order)); // names no mandate
        _refuse(a, BadOrderSignature.selector);
        a.mandate = "";
        _refuse(a, BadOrderSignature.selector);
    }

    // @tree it should refuse malformed mandate bytes
    function test_Mandate_RevertWhen_Malformed() external {
        OpenArgs memory a = _under(_mandate(), 1, _order());
        a.mandate = hex"01";
        _refuse(a, BadMandate.selector);
        a.mandate = new bytes(0x17f);
        _refuse(a, BadMandate.selector);
        a.mandate = new bytes(0x180); // long enough to be read, and nobody's
        _refuse(a, MandateMismatch.selector);
    }

    // @tree it should refuse after the client revoked it
    function test_RevokeMandate() external {
        Mandate memory m = _mandate();
        _openWith(_under(m, 1, _order()));
        vm.expectEmit(address(market));
        emit MandateRevoked(hashOf(m));
        vm.prank(client);
        market.revokeMandate(m, "");
        _refuse(_under(m, 2, _order()), MandateCancelled.selector);
        (uint128 committed, , , bool revoked) = market.mandateOf(hashOf(m));
        assertEq(committed, HOUR);
        assertTrue(revoked);
    }

    // @tree it should revoke by the client's signature and by nobody else
    function test_RevokeMandate_Signed() external {
        Mandate memory m = _mandate();
        bytes memory why = abi.encodeWithSelector(NotPermitted.selector);
        vm.startPrank(_operator);
        vm.expectRevert(why);
        market.revokeMandate(m, "");
        bytes memory sig = _sign(_operatorKey, revokeHash(hashOf(m)));
        vm.expectRevert(why);
        market.revokeMandate(m, sig);
        market.revokeMandate(m, _sign(clientKey, revokeHash(hashOf(m))));
        vm.stopPrank();
        _refuse(_under(m, 1, _order()), MandateCancelled.selector);
    }

    // @tree it should refuse after the client cancelled everything
    function test_Mandate_RevertWhen_Cancelled() external {
        Mandate memory m = _mandate();
        vm.prank(client);
        market.cancelAll();
        Order memory order = _order();
        order.counter = 2;
        _refuse(_under(m, 1, order), MandateCancelled.selector);
        _refuse(_under(m, 1, _order()), abi.encodeWithSelector(OrderCancelled.selector, 1));
    }
}
