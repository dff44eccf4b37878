// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GPToken} from "../../src/GPToken.sol";
import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {TestUSDC} from "../../src/TestUSDC.sol";
import {Mandate, Offer, OpenArgs, Order, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {Signing} from "./Signing.sol";

/// @dev Four accounts that are clients, providers, operators and lease keys of each other, and what they sign.
abstract contract MarketParties is Signing {
    LeaseMarket public immutable market;
    GPToken public immutable gp;
    TestUSDC public immutable usdc;
    address public immutable admin;
    bytes32 internal immutable DOMAIN;

    address[] public actors;
    uint256[] internal _keys;
    uint32[] internal _nonces; // per actor, ever growing

    constructor(LeaseMarket market_, GPToken gp_, TestUSDC usdc_, address admin_) {
        market = market_;
        gp = gp_;
        usdc = usdc_;
        admin = admin_;
        DOMAIN = market_.domainSeparator();
        string[4] memory names = ["ann", "ben", "cy", "dee"];
        for (uint256 i = 0; i < names.length; ++i) {
            (address who, uint256 key) = makeAddrAndKey(names[i]);
            actors.push(who);
            _keys.push(key);
            _nonces.push(0);
        }
    }

    function actorCount() external view returns (uint256) {
        return actors.length;
    }

    /// @dev Whether the close window runs, in which only the provider's settlements keep a lease open.
    function _inWindow(Terms memory t) internal view returns (bool) {
        if (t.closeAt == 0 && block.timestamp < t.end) return false;
        return block.timestamp < _finalFrom(t);
    }

    function _finalFrom(Terms memory t) internal view returns (uint256 from) {
        from = uint256(t.end) + market.CLOSE_WINDOW();
        if (t.closeAt != 0 && t.closeAt < from) from = t.closeAt;
    }

    function _offer(uint256 by, uint64 unit, address token, uint96 rate) internal view returns (Offer memory o) {
        o.provider = actors[by];
        o.token = token;
        o.unit = unit;
        o.rate = rate;
        o.maxSeconds = 3 hours;
        o.grace = 60;
        o.expiry = type(uint40).max;
        (, o.counter, , ) = market.accountOf(token, o.provider);
    }

    function _order(uint256 by, address token, uint96 bid, uint32 duration) internal returns (Order memory o) {
        o.client = actors[by];
        o.token = token;
        o.maxRate = type(uint96).max;
        o.bid = bid;
        o.maxEscrow = type(uint128).max;
        o.duration = duration;
        o.key = actors[(by + 2) % actors.length];
        o.expiry = type(uint40).max;
        o.nonce = ++_nonces[by];
        (, o.counter, , ) = market.accountOf(token, o.client);
    }

    function _terms(OpenArgs memory a, uint256 seq) internal view returns (Terms memory t) {
        t.provider = a.offer.provider;
        t.payTo = a.offer.payTo == address(0) ? a.offer.provider : a.offer.payTo;
        t.unit = a.offer.unit;
        t.seq = uint32(seq);
        t.client = a.order.client;
        t.key = a.order.key;
        t.token = a.order.token;
        t.rate = a.order.bid > a.offer.rate ? a.order.bid : a.offer.rate;
        t.escrow = uint128(t.rate) * a.order.duration;
        t.start = uint40(block.timestamp);
        t.end = t.start + a.order.duration;
        t.maxEnd = t.start + a.offer.maxSeconds;
        t.grace = a.offer.grace;
    }

    /// @dev The same one until the client cancels: it is used often.
    function _mandate(uint256 by, uint256 operator, address token, uint32 counter)
        internal
        view
        returns (Mandate memory m)
    {
        m.client = actors[by];
        m.operator = actors[operator];
        m.token = token;
        m.maxRate = type(uint96).max;
        m.maxEscrow = type(uint128).max;
        m.maxTotal = 1e9;
        m.expiry = type(uint40).max;
        m.counter = counter;
    }

    function _cap(Terms memory t) internal view returns (uint256 cap) {
        uint256 until = block.timestamp < t.end ? block.timestamp : t.end;
        cap = uint256(t.rate) * (until - t.start + t.grace);
        if (cap > t.escrow) cap = t.escrow;
    }

    function _lease(Terms memory t) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(market), t.provider, t.unit, t.seq));
    }

    function _indexOf(address who) internal view returns (uint256 i) {
        while (actors[i] != who) ++i;
    }

    function _paused(address token) internal view returns (bool paused) {
        (, paused, ) = market.tokenOf(token);
    }

    function _cash(address token, address account) internal view returns (uint128 cash) {
        (cash, , , ) = market.accountOf(token, account);
    }

    function _give(address token, address to, uint256 amount) internal {
        vm.prank(admin);
        if (token == address(gp)) gp.mint(to, amount);
        else usdc.mint(to, amount);
    }
}
