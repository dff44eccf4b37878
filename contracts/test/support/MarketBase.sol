// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GPToken} from "../../src/GPToken.sol";
import {TestUSDC} from "../../src/TestUSDC.sol";
import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {ILeaseMarketEvents} from "../../src/interfaces/ILeaseMarketEvents.sol";
import {Mandate, Offer, OpenArgs, Order, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {Artefact} from "./Artefact.sol";
import {Authority} from "./Authority.sol";
import {Signing} from "./Signing.sol";

/// @dev A market with GP (fee 5 %) and a USDC (fee 3 %), one client with 1,000,000 of each, one provider. What
/// is tested is the committed artefacts: the bytecode that is deployed, not another compilation of its source.
abstract contract MarketBase is Artefact, Authority, Signing, ILeaseMarketEvents {
    uint40 internal constant WINDOW = 30 minutes;
    uint40 internal constant NOW = 1_800_000_000;
    uint16 internal constant FEE_BPS = 500;
    uint96 internal constant RATE = 1e15 + 3;
    uint128 internal constant CASH = 1_000_000e18;

    LeaseMarket internal market;
    GPToken internal gp;
    TestUSDC internal usdc;
    bytes32 internal domain;

    address internal client;
    uint256 internal clientKey;
    address internal provider;
    uint256 internal providerKey;
    address internal watch;
    uint256 internal watchKey;
    address internal relayer = makeAddr("relayer");

    uint32 private _nonce;

    function setUp() public virtual {
        vm.warp(NOW);
        (client, clientKey) = makeAddrAndKey("client");
        (provider, providerKey) = makeAddrAndKey("provider");
        (watch, watchKey) = makeAddrAndKey("watch");
        gp = GPToken(_deployArtefact("GPToken", abi.encode(address(manager))));
        usdc = TestUSDC(_deployArtefact("TestUSDC", ""));
        bytes memory settings = abi.encode(address(manager), address(gp), uint16(6_000), WINDOW);
        market = LeaseMarket(_deployArtefact("LeaseMarket", settings));
        domain = domainOf(block.chainid, address(market));
        _allow(address(gp), gp.mint.selector, admin);
        _allow(address(market), market.listToken.selector, admin);
        _allow(address(market), market.pause.selector, admin);
        _allow(address(market), market.unpause.selector, admin);
        _allow(address(market), market.setFeeSink.selector, admin);
        _allow(address(market), market.setFeeAuction.selector, admin);
        _allow(address(market), market.setFeeSource.selector, admin);
        _allow(address(market), market.setBurnBps.selector, admin);
        vm.startPrank(admin);
        market.listToken(address(gp), FEE_BPS);
        market.listToken(address(usdc), 300);
        vm.stopPrank();
        _fund(client, CASH);
    }

    /// @dev Gives an account cash in GP.
    function _fund(address account, uint128 amount) internal {
        vm.startPrank(admin);
        gp.mint(admin, amount);
        gp.approve(address(market), amount);
        market.depositFor(account, address(gp), amount);
        vm.stopPrank();
    }

    function _offer(uint64 unit) internal view returns (Offer memory o) {
        o.provider = provider;
        o.token = address(gp);
        o.unit = unit;
        o.spec = keccak256("spec");
        o.rate = RATE;
        o.minSeconds = 60;
        o.maxSeconds = 1 days;
        o.grace = 120;
        o.notBefore = uint40(block.timestamp);
        o.expiry = uint40(block.timestamp + 30 days);
        o.counter = 1;
    }

    function _order() internal returns (Order memory o) {
        o.client = client;
        o.token = address(gp);
        o.maxRate = 2 * RATE;
        o.maxEscrow = type(uint128).max;
        o.duration = 1 hours;
        o.key = watch;
        o.expiry = uint40(block.timestamp + 1 hours);
        o.nonce = ++_nonce;
        o.counter = 1;
    }

    function _sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        return signUnder(domain, key, structHash);
    }

    function _args(Offer memory offer, Order memory order) internal view returns (OpenArgs memory a) {
        a.offer = offer;
        a.order = order;
        a.offerSig = _sign(providerKey, hashOf(offer));
        a.orderSig = _sign(clientKey, hashOf(order));
    }

    function _args(uint64 unit) internal returns (OpenArgs memory) {
        return _args(_offer(unit), _order());
    }

    /// @dev The mandate bytes of an opening.
    function _mandateBytes(Mandate memory m, uint256 key) internal view returns (bytes memory) {
        return abi.encode(m, _sign(key, hashOf(m)), new bytes32[](0));
    }

    /// @dev The terms that an opening at this second gives, worked out independently of the market.
    function _termsOf(OpenArgs memory a, uint32 seq, uint16 feeBps) internal view returns (Terms memory t) {
        t.provider = a.offer.provider;
        t.unit = a.offer.unit;
        t.seq = seq;
        t.client = a.order.client;
        t.payTo = a.offer.payTo == address(0) ? a.offer.provider : a.offer.payTo;
        t.key = a.order.key;
        t.token = a.offer.token;
        t.rate = a.order.bid > a.offer.rate ? a.order.bid : a.offer.rate;
        t.escrow = uint128(t.rate) * a.order.duration;
        t.start = uint40(block.timestamp);
        t.end = t.start + a.order.duration;
        t.maxEnd = t.start + a.offer.maxSeconds;
        t.grace = a.offer.grace;
        t.feeBps = feeBps;
        t.funder = a.order.funder;
        t.fundingRef = a.order.fundingRef;
    }

    /// @dev Opens a plain lease of `unit`, relayed.
    function _open(uint64 unit) internal returns (Terms memory) {
        return _openWith(_args(unit));
    }

    function _openWith(OpenArgs memory a) internal returns (Terms memory t) {
        uint256 idle = uint256(market.unitOf(a.offer.provider, a.offer.unit));
        (, , uint16 feeBps) = market.tokenOf(a.offer.token);
        t = _termsOf(a, uint32(idle), feeBps);
        vm.prank(relayer);
        market.open(a);
    }

    function _lease(Terms memory t) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(market), t.provider, t.unit, t.seq));
    }

    /// @dev A settlement with the watch's note for `total`.
    function _note(Terms memory t, uint128 total) internal view returns (SettleArgs memory s) {
        s.terms = t;
        s.total = total;
        s.noteSig = _sign(watchKey, noteHash(_lease(t), total));
    }

    /// @dev The same with the provider's consent to end the lease.
    function _final(Terms memory t, uint128 total) internal view returns (SettleArgs memory s) {
        s = _note(t, total);
        s.closeSig = _sign(providerKey, closeHash(_lease(t), total));
    }

    function _cash(address account) internal view returns (uint128 cash) {
        (cash, , , ) = market.accountOf(address(gp), account);
    }

    /// @dev floor(total * feeBps / 10,000).
    function _feeOf(Terms memory t, uint128 total) internal pure returns (uint128) {
        return uint128((uint256(total) * t.feeBps) / 10_000);
    }

    function _assertLive(Terms memory t) internal view {
        assertEq(market.unitOf(t.provider, t.unit), hashOf(t), "the unit's slot holds the hash of the terms");
        assertTrue(market.isLive(t));
    }

    function _assertIdle(Terms memory t) internal view {
        assertEq(uint256(market.unitOf(t.provider, t.unit)), uint256(t.seq) + 1, "the unit is idle with seq + 1");
    }
}
