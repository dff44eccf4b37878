// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, Offer, OpenArgs, Order, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {IFunder} from "../../src/interfaces/IFunder.sol";
import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {AnsweringSource} from "../support/FeeSources.sol";
import {GrantFunder, JustInTimeFunder, MeddlingFunder, RememberingFunder} from "../support/Funders.sol";
import {MarketBase} from "../support/MarketBase.sol";
import {BurningWallet, OwnedWallet} from "../support/Wallets.sol";

/// @dev A pool as it may come later: it is a lease's payTo, keeps what it advanced, and passes on the rest.
contract RentPool {
    LeaseMarket private immutable MARKET;
    uint128 public owed;

    constructor(LeaseMarket market, uint128 advance) {
        MARKET = market;
        owed = advance;
    }

    function passOn(address token, address provider) external {
        (uint128 cash, , , ) = MARKET.accountOf(token, address(this));
        uint128 kept = cash < owed ? cash : owed;
        owed -= kept;
        MARKET.withdraw(token, provider, cash - kept);
    }
}

contract LaterUsesTest is MarketBase {
    uint128 private constant HOUR = uint128(RATE) * 3600;

    function _funded(address funder, uint64 unit) private returns (OpenArgs memory) {
        Order memory order = _order();
        order.funder = funder;
        order.fundingRef = "grant";
        return _args(_offer(unit), order);
    }

    function _refuse(OpenArgs memory a, bytes memory why) private {
        vm.prank(relayer);
        vm.expectRevert(why);
        market.open(a);
    }

    /* SCHEDULE, BIDS, GANGS */

    // @tree it should open a bid above the floor at the bid
    function test_Bid() external {
        Order memory order = _order();
        order.bid = RATE + 7;
        order.maxRate = RATE + 7;
        Terms memory t = _openWith(_args(_offer(1), order));
        assertEq(t.rate, RATE + 7);
        assertEq(_cash(client), CASH - 3600 * uint128(RATE + 7));
        market.settle(_final(t, 120 * uint128(RATE + 7)));
        _assertIdle(t);
    }

    // @tree it should open each price of a schedule in its window only
    function test_Schedule() external {
        Offer memory day = _offer(1);
        day.expiry = NOW + 12 hours - 1;
        Offer memory night = _offer(1);
        night.rate = RATE / 2;
        night.notBefore = NOW + 12 hours;
        night.expiry = NOW + 24 hours - 1;
        bytes32[2] memory leaves = [offerLeaf(day), offerLeaf(night)];
        bytes memory sig = _sign(providerKey, batchHash(pair(leaves[0], leaves[1])));

        Order memory order = _order();
        order.expiry = NOW + 2 days;
        OpenArgs memory a = _args(day, order);
        OpenArgs memory b = _args(night, order);
        (a.offerSig, b.offerSig) = (sig, sig);
        (a.offerProof, b.offerProof) = (new bytes32[](1), new bytes32[](1));
        (a.offerProof[0], b.offerProof[0]) = (leaves[1], leaves[0]);

        _refuse(b, abi.encodeWithSelector(OfferNotYetValid.selector, NOW + 12 hours));
        vm.warp(NOW + 12 hours);
        _refuse(a, abi.encodeWithSelector(OfferExpired.selector, NOW + 12 hours - 1));
        assertEq(_openWith(b).rate, RATE / 2);
    }

    // @tree it should open a gang under one batch root all or none
    function test_Gang() external {
        OpenArgs[] memory a = new OpenArgs[](2);
        for (uint64 i = 0; i < 2; ++i) {
            Order memory order = _order();
            order.gang = (uint64(77) << 16) | 2;
            a[i] = _args(_offer(i + 1), order);
        }
        bytes32[2] memory leaves = [offerLeaf(a[0].offer), offerLeaf(a[1].offer)];
        for (uint256 i = 0; i < 2; ++i) {
            a[i].offerProof = new bytes32[](1);
            a[i].offerProof[0] = leaves[1 - i];
        }
        a[0].offerSig = _sign(providerKey, batchHash(pair(leaves[0], leaves[1])));
        a[1].offerSig = "";
        Terms memory busy = _open(2);
        vm.expectRevert(abi.encodeWithSelector(UnitBusy.selector, provider, 2));
        market.openMany(a, true);
        market.settle(_final(busy, 0));
        market.openMany(a, true);
        _assertLive(_termsOf(a[0], 0, FEE_BPS));
        _assertLive(_termsOf(a[1], 1, FEE_BPS));
    }

    /* POOLS */

    // @tree it should pay a pool contract that takes its rent before the provider
    function test_Pool() external {
        RentPool pool = new RentPool(market, 100 * uint128(RATE));
        Offer memory offer = _offer(1);
        offer.payTo = address(pool);
        Terms memory t = _openWith(_args(offer, _order()));
        skip(1 hours);
        uint128 net = t.escrow - _feeOf(t, t.escrow);
        market.settle(_final(t, t.escrow));
        assertEq(_cash(address(pool)), net);
        assertEq(_cash(provider), 0);
        pool.passOn(address(gp), provider);
        assertEq(gp.balanceOf(provider), net - 100 * uint128(RATE));
        assertEq(_cash(address(pool)), 100 * uint128(RATE));
        assertEq(pool.owed(), 0);
    }

    /* RESTRICTED CREDIT */

    /// @dev The market copies what it asks word for word.
    function test_FunderIsAskedAboutThisLease() external {
        RememberingFunder funder = new RememberingFunder(market);
        _fund(address(funder), 10e18);
        funder.fund("ref", address(gp), 10e18);
        OpenArgs memory a = _args(1);
        a.offer.client = client;
        a.order.funder = address(funder);
        a.order.fundingRef = "ref";
        a = _args(a.offer, a.order);
        Terms memory t = _openWith(a);
        assertEq(
            funder.asked(), keccak256(abi.encodeCall(IFunder.authorize, (a.order, a.offer, t.rate, t.escrow)))
        );
    }

    /// @dev And gives its funder 500,000 gas to think about it.
    function test_FunderIsGivenGas() external {
        address funder = makeAddr("gauge");
        // GAS; PUSH0; SSTORE: keeps what it begins with. Then it agrees.
        vm.etch(funder, abi.encodePacked(hex"5a5f5563", IFunder.authorize.selector, hex"60e01b5f5260205ff3"));
        _fund(funder, HOUR);
        vm.prank(funder);
        market.fundRef("grant", address(gp), HOUR);
        _openWith(_funded(funder, 1));
        assertEq(uint256(vm.load(funder, 0)), 500_000 - 2); // GAS itself costs 2
    }

    function _grantFunder() private returns (GrantFunder funder) {
        funder = new GrantFunder(market);
        _fund(address(funder), 2 * HOUR);
        funder.grant("grant", address(gp), 2 * HOUR);
    }

    // @tree it should pay a lease from credit and refund into credit
    function test_Credit() external {
        GrantFunder funder = _grantFunder();
        OpenArgs memory a = _funded(address(funder), 1);
        vm.expectEmit(address(market));
        emit LeaseFunded(_lease(_termsOf(a, 0, FEE_BPS)), address(funder), "grant");
        Terms memory t = _openWith(a);
        assertTrue(funder.asked());
        assertEq(_cash(client), CASH);
        assertEq(market.creditOf(address(gp), address(funder), "grant"), HOUR);
        uint128 total = 60 * uint128(RATE);
        market.settle(_final(t, total));
        assertEq(market.creditOf(address(gp), address(funder), "grant"), 2 * HOUR - total);
        assertEq(_cash(client), CASH);
        assertEq(_cash(provider), total - _feeOf(t, total));
        _refuse(a, abi.encodeWithSelector(NonceUsed.selector, a.order.nonce));
    }

    // @tree it should refuse what the funder refuses, and funders that are no contracts
    function test_Credit_RevertWhen_Refused() external {
        GrantFunder funder = _grantFunder();
        funder.restrict("grant", RATE - 1, address(0));
        bytes memory why = abi.encodeWithSelector(FunderRefused.selector, address(funder));
        _refuse(_funded(address(funder), 1), why);
        funder.restrict("grant", RATE, stranger);
        _refuse(_funded(address(funder), 1), why);
        funder.restrict("grant", RATE, client);
        _refuse(_funded(stranger, 1), abi.encodeWithSelector(FunderRefused.selector, stranger));
        _refuse(_funded(address(gp), 1), abi.encodeWithSelector(FunderRefused.selector, address(gp)));
        OpenArgs memory a = _funded(address(funder), 1);
        a.orderSig = _sign(providerKey, hashOf(a.order)); // agreed by the funder, but not signed by the client
        _refuse(a, abi.encodeWithSelector(BadOrderSignature.selector));
        _assertLive(_openWith(_funded(address(funder), 1)));
    }

    // @tree it should pay from credit that the funder brings at the last moment
    function test_Credit_JustInTime() external {
        JustInTimeFunder funder = new JustInTimeFunder(market);
        _refuse(_funded(address(funder), 1), abi.encodeWithSelector(FunderRefused.selector, address(funder)));
        _fund(address(funder), HOUR);
        _assertLive(_openWith(_funded(address(funder), 1)));
        assertEq(_cash(address(funder)), 0);
        assertEq(market.creditOf(address(gp), address(funder), "grant"), 0);
    }

    // @tree it should let the funder extend such a lease and nobody else
    function test_Credit_TopUp() external {
        GrantFunder funder = _grantFunder();
        Terms memory t = _openWith(_funded(address(funder), 1));
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(NotPermitted.selector));
        market.topUp(t, 60, "");
        bytes memory sig = _sign(clientKey, topUpHash(_lease(t), 60, t.end));
        vm.expectRevert(abi.encodeWithSelector(NotPermitted.selector));
        market.topUp(t, 60, sig);
        funder.extend(t, 60);
        t.end += 60;
        t.escrow += 60 * uint128(RATE);
        _assertLive(t);
        assertEq(market.creditOf(address(gp), address(funder), "grant"), 2 * HOUR - t.escrow);
    }

    // @tree it should keep credit out of reach of whoever it pays for
    function test_Credit_NotCash() external {
        GrantFunder funder = _grantFunder();
        Terms memory t = _openWith(_funded(address(funder), 1));
        vm.prank(client);
        market.requestClose(t, "");
        t.closeAt = NOW + WINDOW;
        skip(WINDOW);
        market.finalizeClose(t);
        assertEq(_cash(client), CASH);
        vm.startPrank(client);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCash.selector, 0, 1));
        market.unfundRef("grant", address(gp), 1);
        vm.stopPrank();
        funder.takeBack("grant", address(gp), 2 * HOUR, stranger);
        assertEq(gp.balanceOf(stranger), 2 * HOUR);
    }

    // @tree it should survive a funder that meddles while it is asked
    function test_Credit_Meddling() external {
        MeddlingFunder funder = new MeddlingFunder(address(market));
        _fund(address(this), 4 * HOUR);
        _fund(address(funder), 8 * HOUR);
        vm.startPrank(address(funder));
        market.fundRef("grant", address(gp), 4 * HOUR);
        vm.stopPrank();

        // It opens the very order inside: then the outer one finds it spent, and both are undone.
        OpenArgs memory a = _funded(address(funder), 1);
        funder.meddle(abi.encodeCall(market.open, (a)));
        _refuse(a, abi.encodeWithSelector(NonceUsed.selector, a.order.nonce));
        assertEq(market.creditOf(address(gp), address(funder), "grant"), 4 * HOUR);

        // It takes the unit, or its own credit, away inside.
        OpenArgs memory other = _args(1);
        funder.meddle(abi.encodeCall(market.open, (other)));
        _refuse(a, abi.encodeWithSelector(UnitBusy.selector, provider, 1));
        funder.meddle(abi.encodeCall(market.unfundRef, ("grant", address(gp), 4 * HOUR)));
        _refuse(a, abi.encodeWithSelector(InsufficientCash.selector, 0, HOUR));

        // It withdraws its own cash inside: that is its own business.
        funder.meddle(abi.encodeCall(market.withdraw, (address(gp), stranger, 4 * HOUR)));
        Terms memory t = _openWith(a);
        assertTrue(funder.succeeded());
        _assertLive(t);
        assertEq(gp.balanceOf(stranger), 4 * HOUR);
        assertEq(market.creditOf(address(gp), address(funder), "grant"), 3 * HOUR);
        assertEq(gp.balanceOf(address(market)), CASH + 4 * HOUR + 4 * HOUR);
    }

    /* DISCOUNTS */

    // @tree it should read a discount from the source that a role sets, at most the cap
    function test_Discount() external {
        AnsweringSource source = new AnsweringSource(client, provider, 9_999);
        vm.prank(admin);
        market.setFeeSource(address(source));
        OpenArgs memory a = _args(1);
        market.open(a);
        Terms memory t = _termsOf(a, 0, FEE_BPS / 2);
        _assertLive(t);
        vm.prank(admin);
        market.setFeeSource(address(0)); // the lease keeps what it opened with
        skip(1 hours);
        market.settle(_final(t, t.escrow));
        assertEq(market.feesOf(address(gp)), (uint256(t.escrow) * 250) / 10_000);
    }

    /* WALLETS */

    // @tree it should take the plain signature of an account under EIP-7702
    function test_Wallet_Delegated() external {
        address code = address(new OwnedWallet(stranger));
        vm.etch(client, abi.encodePacked(hex"ef0100", code));
        vm.etch(provider, abi.encodePacked(hex"ef0100", code));
        assertGt(client.code.length, 0);
        Terms memory t = _open(1);
        _assertLive(t);
        market.settle(_final(t, RATE));
        _assertIdle(t);
    }

    // @tree it should take its contract's word when the plain signature is not its own
    function test_Wallet_DelegatedContract() external {
        (address passkey, uint256 passkeyKey) = makeAddrAndKey("passkey");
        OwnedWallet wallet = new OwnedWallet(passkey);
        vm.etch(client, address(wallet).code);
        OpenArgs memory a = _args(1);
        a.orderSig = _sign(passkeyKey, hashOf(a.order));
        _assertLive(_openWith(a));
        a = _args(2);
        a.orderSig = _sign(watchKey, hashOf(a.order));
        _refuse(a, abi.encodeWithSelector(BadOrderSignature.selector));
    }

    // @tree it should take ERC-1271 from clients, providers and operators
    function test_Wallet_1271() external {
        OwnedWallet clientWallet = new OwnedWallet(client);
        OwnedWallet providerWallet = new OwnedWallet(provider);
        OwnedWallet operatorWallet = new OwnedWallet(stranger);
        (, uint256 operatorKey) = makeAddrAndKey("stranger");
        _fund(address(clientWallet), HOUR);
        Offer memory offer = _offer(1);
        offer.provider = address(providerWallet);
        Order memory order = _order();
        order.client = address(clientWallet);
        OpenArgs memory a = _args(offer, order);
        Terms memory t = _openWith(a);
        _assertLive(t);
        market.settle(_final(t, 0)); // the wallet's consent to close
        _assertIdle(t);

        Mandate memory m;
        m.client = address(clientWallet);
        m.operator = address(operatorWallet);
        m.token = address(gp);
        m.maxRate = RATE;
        m.maxEscrow = m.maxTotal = HOUR;
        m.expiry = NOW + 1;
        m.counter = 1;
        order.nonce = 1;
        a = _args(offer, order);
        a.orderSig = _sign(operatorKey, mandatedHash(m, order));
        a.mandate = _mandateBytes(m, clientKey);
        _assertLive(_openWith(a));
    }

    // @tree it should take a provider's ERC-1271 over a batch of offers
    function test_Wallet_1271Batch() external {
        Offer memory offer = _offer(1);
        offer.provider = address(new OwnedWallet(provider));
        OpenArgs[] memory a = new OpenArgs[](1);
        a[0] = _args(offer, _order());
        a[0].offerSig = _sign(providerKey, batchHash(offerLeaf(offer)));
        market.openMany(a, false);
        _assertLive(_termsOf(a[0], 0, FEE_BPS));
    }

    // @tree it should stop a wallet that burns gas at the limit
    function test_Wallet_Burning() external {
        vm.etch(client, address(new BurningWallet()).code);
        OpenArgs[] memory a = new OpenArgs[](2);
        a[0] = _args(1);
        a[0].orderSig = hex"01";
        a[1] = _args(2); // the plain signature comes first, so this one never asks the contract
        uint256 gasBefore = gasleft();
        market.openMany(a, false);
        assertLt(gasBefore - gasleft(), 1_200_000);
        assertLe(uint256(market.unitOf(provider, 1)), type(uint32).max);
        _assertLive(_termsOf(a[1], 0, FEE_BPS));
    }

    // @tree it should give a wallet 500,000 gas
    function test_Wallet_Gas() external {
        // GAS; PUSH3 499,998; EQ: it agrees if that is what it begins with.
        vm.etch(client, hex"5a6207a11e14_631626ba7e02_60e01b5f5260205ff3");
        OpenArgs memory a = _args(1);
        a.orderSig = hex"01";
        _assertLive(_openWith(a));
    }

    // @tree it should take no word of a wallet that fails or breaks off
    function test_Wallet_RevertWhen_NoWord() external {
        // REVERT with the word, and RETURN of all but its last byte.
        bytes[2] memory ends = [bytes(hex"60205ffd"), bytes(hex"601f5ff3")];
        for (uint256 i = 0; i < ends.length; ++i) {
            vm.etch(client, bytes.concat(hex"631626ba7e60e01b5f52", ends[i]));
            OpenArgs memory a = _args(1);
            a.orderSig = hex"01";
            _refuse(a, abi.encodeWithSelector(BadOrderSignature.selector));
        }
    }
}
