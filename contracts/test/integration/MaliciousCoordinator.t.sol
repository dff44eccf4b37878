// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, Offer, OpenArgs, Order, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

/// @dev The coordinator holds everything that the client's software ever sent it, owns a provider of its own, and may
/// send any transaction. Loss means: what the client signed for honestly, minus what he still owns and was served.
contract MaliciousCoordinatorTest is MarketBase {
    uint128 private constant HOUR = uint128(RATE) * 3600;
    address private _coordinator;
    uint256 private _coordinatorKey;

    function setUp() public override {
        super.setUp();
        (_coordinator, _coordinatorKey) = makeAddrAndKey("coordinator");
    }

    /// @dev An offer of the coordinator's own puppet.
    function _puppetOffer(uint64 unit) private view returns (Offer memory o) {
        o = _offer(unit);
        o.provider = _coordinator;
    }

    function _withPuppet(Order memory order) private view returns (OpenArgs memory a) {
        a = _args(_puppetOffer(1), order);
        a.offerSig = _sign(_coordinatorKey, hashOf(a.offer));
    }

    /// @dev The attack fails, and for this reason.
    function _fails(bytes memory data, bytes4 why) private {
        vm.prank(_coordinator);
        (bool ok, bytes memory reason) = address(market).call(data);
        assertFalse(ok, "the attack succeeded");
        assertEq(bytes4(reason), why);
    }

    // @tree it should gain nothing by changing an order, a note, a closing or a top-up
    function test_NoMandate_Tampering() external {
        // An order for this provider only, held back; then changed in every member in turn, for the puppet.
        Order memory order = _order();
        bytes memory sig = _sign(clientKey, hashOf(order));
        Offer memory free = _puppetOffer(1);
        free.rate = 0; // so that only the signature stands in the way, where nothing else does
        bytes memory freeSig = _sign(_coordinatorKey, hashOf(free));
        bytes4[14] memory why;
        for (uint256 word = 0; word < 14; ++word) why[word] = BadOrderSignature.selector;
        why[1] = TokenMismatch.selector;
        why[7] = UnitNotAllowed.selector;
        why[10] = OrderCancelled.selector;
        why[11] = GangOutsideBatch.selector;
        why[12] = FunderRefused.selector;
        OpenArgs memory a;
        for (uint256 word = 0; word < 14; ++word) {
            bytes memory raw = abi.encode(order);
            raw[32 * word + 31] = bytes1(uint8(raw[32 * word + 31]) ^ 3);
            a = _args(free, abi.decode(raw, (Order)));
            (a.offerSig, a.orderSig) = (freeSig, sig);
            _fails(abi.encodeCall(market.open, (a)), why[word]);
        }
        a.order = order;
        market.open(a); // unchanged, it opens: for nothing
        // The other things that a client signs, for another amount, lease or purpose.
        Terms memory t = _open(2);
        bytes memory topUp = _sign(clientKey, topUpHash(_lease(t), 60, t.end));
        _fails(abi.encodeCall(market.topUp, (t, 61, topUp)), NotPermitted.selector);
        _fails(abi.encodeCall(market.requestClose, (t, topUp)), NotPermitted.selector);
        SettleArgs memory s = _note(t, RATE);
        s.total = 2 * RATE;
        _fails(abi.encodeCall(market.settle, (s)), BadNoteSignature.selector);
        s = _note(t, RATE);
        s.closeSig = s.noteSig;
        _fails(abi.encodeCall(market.settle, (s)), BadCloseSignature.selector);
        _fails(abi.encodeCall(market.withdraw, (address(gp), _coordinator, 1)), InsufficientCash.selector);
        assertEq(_cash(client), CASH - HOUR);
        assertEq(_cash(_coordinator), 0);
    }

    // @tree it should gain nothing by playing an order twice or on another chain or market
    function test_NoMandate_Replay() external {
        OpenArgs memory a = _args(1);
        Terms memory t = _openWith(a);
        OpenArgs memory again = _withPuppet(a.order);
        again.orderSig = a.orderSig;
        _fails(abi.encodeCall(market.open, (again)), NonceUsed.selector);
        SettleArgs memory last = _final(t, RATE);
        market.settle(last);
        _fails(abi.encodeCall(market.settle, (last)), UnknownTerms.selector);
        _fails(abi.encodeCall(market.open, (a)), NonceUsed.selector);
        again.orderSig = malleated(a.orderSig);
        _fails(abi.encodeCall(market.open, (again)), NonceUsed.selector);
        // An order for another chain or another market, or that is past its time.
        Order memory order = _order();
        again = _withPuppet(order);
        again.orderSig = malleated(_sign(clientKey, hashOf(order)));
        _fails(abi.encodeCall(market.open, (again)), BadOrderSignature.selector);
        again.orderSig = signUnder(domainOf(1, address(market)), clientKey, hashOf(order));
        _fails(abi.encodeCall(market.open, (again)), BadOrderSignature.selector);
        again.orderSig = signUnder(domainOf(block.chainid, _coordinator), clientKey, hashOf(order));
        _fails(abi.encodeCall(market.open, (again)), BadOrderSignature.selector);
        again.orderSig = _sign(clientKey, hashOf(order));
        bytes memory offerSig = again.offerSig;
        vm.chainId(999); // the same contract on a fork, for which the puppet signs too
        again.offerSig = signUnder(domainOf(999, address(market)), _coordinatorKey, hashOf(again.offer));
        _fails(abi.encodeCall(market.open, (again)), BadOrderSignature.selector);
        vm.chainId(31337);
        again.offerSig = offerSig;
        vm.warp(order.expiry + 1);
        _fails(abi.encodeCall(market.open, (again)), OrderExpired.selector);
        assertEq(_cash(client), CASH - RATE);
    }

    // @tree it should not place an order where it does not say
    function test_NoMandate_OtherOffers() external {
        Order memory order = _order();
        order.units = unitLeaf(provider, 1);
        _fails(abi.encodeCall(market.open, (_withPuppet(order))), UnitNotAllowed.selector);
        _fails(abi.encodeCall(market.open, (_args(_offer(2), order))), UnitNotAllowed.selector);
        OpenArgs memory a = _withPuppet(order);
        a.unitProof = new bytes32[](1);
        a.unitProof[0] = unitLeaf(_coordinator, 1);
        _fails(abi.encodeCall(market.open, (a)), UnitNotAllowed.selector);
        // Pretending that the offer is the listed provider's.
        a = _args(_offer(1), order);
        a.offer.payTo = _coordinator;
        _fails(abi.encodeCall(market.open, (a)), BadOfferSignature.selector);
        assertEq(_cash(client), CASH);
    }

    // @tree it should not make an order cost more than it says
    function test_NoMandate_Dearer() external {
        Order memory order = _order();
        order.maxRate = RATE;
        OpenArgs memory a = _withPuppet(order);
        a.offer.rate = RATE + 1;
        a.offerSig = _sign(_coordinatorKey, hashOf(a.offer));
        _fails(abi.encodeCall(market.open, (a)), RateAboveLimit.selector);
        // The dearest thing it can do is what the client asked for; and without the watch's notes that costs nothing:
        // a puppet provider cannot collect, and the escrow comes back.
        a = _withPuppet(order);
        Terms memory t = _openWith(a);
        for (uint256 i = 0; i < 3; ++i) {
            SettleArgs memory s = _note(t, RATE);
            s.noteSig = _sign(i == 0 ? _coordinatorKey : i == 1 ? clientKey + 1 : providerKey, noteHash(_lease(t), RATE));
            _fails(abi.encodeCall(market.settle, (s)), BadNoteSignature.selector);
        }
        vm.prank(client);
        market.requestClose(t, "");
        t.closeAt = NOW + WINDOW;
        skip(WINDOW);
        market.finalizeClose(t);
        assertEq(_cash(client), CASH);
        assertEq(_cash(_coordinator), 0);
    }

    // @tree it should not open an order after the client cancelled
    function test_NoMandate_AfterCancel() external {
        OpenArgs memory held = _withPuppet(_order());
        vm.prank(client); // by himself, without the coordinator
        market.cancelAll();
        _fails(abi.encodeCall(market.open, (held)), OrderCancelled.selector);
        assertEq(_cash(client), CASH);
    }

    // @tree it should lose the client nothing by withholding all that he signed
    function test_NoMandate_Withholding() external {
        OpenArgs memory a = _args(1);
        vm.prank(client); // the same calldata works from anyone
        market.open(a);
        Terms memory t = _termsOf(a, 0, FEE_BPS);
        SettleArgs memory last = _note(t, 60 * uint128(RATE));
        skip(60);
        vm.prank(provider);
        market.closeNow(last);
        assertEq(_cash(client), CASH - 60 * uint128(RATE));
        vm.prank(client);
        market.withdraw(address(gp), client, CASH - 60 * uint128(RATE));
    }

    // @tree it should take the mandate's total at most
    function test_Mandate_LargestLoss() external {
        Mandate memory m;
        m.client = client;
        m.operator = _coordinator;
        m.token = address(gp);
        m.maxRate = RATE;
        m.maxEscrow = HOUR;
        m.maxTotal = 5 * HOUR;
        m.expiry = NOW + 30 days;
        m.counter = 1;
        // Its own puppet as provider, its own key as the watch: it opens, pays itself all, and again, until refused.
        uint256 leases = 0;
        for (uint32 round = 1; round <= 8; ++round) {
            Order memory order = _order();
            order.key = _coordinator;
            order.expiry = NOW + 30 days;
            order.nonce = round;
            OpenArgs memory a = _withPuppet(order);
            a.orderSig = _sign(_coordinatorKey, mandatedHash(m, order));
            a.mandate = _mandateBytes(m, clientKey);
            vm.prank(_coordinator);
            try market.open(a) {
                Terms memory t = _termsOf(a, uint32(leases), FEE_BPS);
                leases++;
                skip(1 hours);
                SettleArgs memory s = _note(t, HOUR);
                s.noteSig = _sign(_coordinatorKey, noteHash(_lease(t), HOUR));
                vm.prank(_coordinator);
                market.closeNow(s);
            } catch (bytes memory why) {
                assertEq(bytes4(why), MandateExhausted.selector);
            }
        }
        assertEq(leases, 5);
        assertEq(_cash(client), CASH - m.maxTotal);
        assertEq(_cash(_coordinator) + market.feesOf(address(gp)), m.maxTotal);
    }
}
