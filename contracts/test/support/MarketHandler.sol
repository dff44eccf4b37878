// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {GPToken} from "../../src/GPToken.sol";
import {TestUSDC} from "../../src/TestUSDC.sol";
import {Mandate, Offer, OpenArgs, Order, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {GrantFunder} from "./Funders.sol";
import {Signing} from "./Signing.sol";

/// @dev Makes only calls that must succeed, keeps its own books, and tries what must fail inside try/catch. A call that
/// has nothing to do returns.
abstract contract MarketHandler is Signing {
    uint256 internal constant UNITS = 6;

    LeaseMarket public immutable market;
    GPToken public immutable gp;
    TestUSDC public immutable usdc;
    GrantFunder public immutable funder;
    address public immutable admin;
    bytes32 private immutable DOMAIN;

    address[] public actors;
    uint256[] private _keys;
    Terms[] private _live;
    uint32[] private _nonces; // per actor, ever growing

    // Books
    mapping(address token => uint256) public donated;
    mapping(address token => uint256) public accrued; // fees, by the formula of each lease
    mapping(address token => uint256) public collected;
    mapping(uint256 unit => uint256) public opened; // how often
    mapping(bytes32 lease => uint40) public promisedClose;
    uint256 public wrongSplits; // I7
    uint256 public replays; // I6
    uint256 public movedWindows; // I9
    uint256 public settledWhilePaused; // I8
    OpenArgs private _lastOpened;
    bool private _hasOpened;

    constructor(LeaseMarket market_, GPToken gp_, TestUSDC usdc_, address admin_) {
        market = market_;
        gp = gp_;
        usdc = usdc_;
        admin = admin_;
        DOMAIN = market_.domainSeparator();
        funder = new GrantFunder(market_);
        string[4] memory names = ["ann", "ben", "cy", "dee"];
        for (uint256 i = 0; i < names.length; ++i) {
            (address who, uint256 key) = makeAddrAndKey(names[i]);
            actors.push(who);
            _keys.push(key);
            _nonces.push(0);
        }
    }

    function liveCount() external view returns (uint256) {
        return _live.length;
    }

    function live(uint256 i) external view returns (Terms memory) {
        return _live[i];
    }

    function actorCount() external view returns (uint256) {
        return actors.length;
    }

    /* MONEY IN AND OUT */

    function deposit(uint256 who, uint256 amount, bool inGP) external {
        address token = inGP ? address(gp) : address(usdc);
        if (_paused(token)) return;
        amount = _bound(amount, 1, 1e9);
        address account = actors[who % actors.length];
        _give(token, address(this), amount);
        IERC20(token).approve(address(market), amount);
        market.depositFor(account, token, uint128(amount));
    }

    function withdraw(uint256 who, uint256 amount, bool inGP) external {
        address token = inGP ? address(gp) : address(usdc);
        address account = actors[who % actors.length];
        uint128 cash = _cash(token, account);
        if (cash == 0) return;
        vm.prank(account);
        market.withdraw(token, account, uint128(_bound(amount, 1, cash)));
    }

    function donate(uint256 amount, bool inGP) external {
        address token = inGP ? address(gp) : address(usdc);
        amount = _bound(amount, 1, 1e6);
        _give(token, address(market), amount);
        donated[token] += amount;
    }

    function grant(uint256 amount) external {
        if (_paused(address(gp))) return;
        amount = _bound(amount, 1, 1e9);
        _give(address(gp), address(this), amount);
        gp.approve(address(market), amount);
        market.depositFor(address(funder), address(gp), uint128(amount));
        funder.grant("grant", address(gp), uint128(amount));
    }

    /* LEASES */

    /// @dev `mode`: 0 the client's own cash, 1 a mandate, 2 a funder's credit.
    function open(uint256 who, uint256 unit, uint96 rate, uint96 bid, uint32 duration, uint8 mode, bool inGP) external {
        mode %= 3;
        address token = inGP || mode == 2 ? address(gp) : address(usdc);
        unit %= UNITS;
        uint256 clientIndex = who % actors.length;
        uint256 providerIndex = unit % actors.length;
        if (_paused(token) || uint256(market.unitOf(actors[providerIndex], uint64(unit))) > type(uint32).max) return;
        OpenArgs memory a;
        a.offer = _offer(providerIndex, uint64(unit), token, uint96(_bound(rate, 0, 50_000)));
        a.order = _order(clientIndex, token, uint96(_bound(bid, 0, 60_000)), uint32(_bound(duration, 60, 7200)));
        Terms memory t = _terms(a);
        if (mode == 2) {
            a.order.funder = t.funder = address(funder);
            a.order.fundingRef = t.fundingRef = "grant";
            if (market.creditOf(token, address(funder), "grant") < t.escrow) return;
        } else if (_cash(token, t.client) < t.escrow) {
            return;
        }
        a.offerSig = signUnder(DOMAIN, _keys[providerIndex], hashOf(a.offer));
        uint256 signer = clientIndex;
        if (mode == 1) {
            signer = (clientIndex + 1) % actors.length;
            a.mandate = _mandate(clientIndex, signer, token, a.order.counter, t);
        }
        a.orderSig = signUnder(DOMAIN, _keys[signer], hashOf(a.order));
        (, , t.feeBps) = market.tokenOf(token);
        market.open(a);
        _live.push(t);
        opened[t.unit]++;
        _lastOpened = a;
        _hasOpened = true;
    }

    function settle(uint256 which, uint256 total, uint8 how) external {
        if (_live.length == 0) return;
        uint256 i = which % _live.length;
        Terms memory t = _live[i];
        SettleArgs memory s;
        s.terms = t;
        s.total = uint128(_bound(total, t.paid, _cap(t)));
        bytes32 lease = _lease(t);
        s.noteSig = signUnder(DOMAIN, _keys[_indexOf(t.key)], noteHash(lease, s.total));
        if (_paused(t.token)) settledWhilePaused++;
        uint256[3] memory before = _books(t);
        if (how % 3 == 0) {
            market.settle(s);
            _live[i].paid = s.total;
            _checkSplit(t, s.total, before, 0);
        } else {
            if (how % 3 == 1) {
                s.closeSig = signUnder(DOMAIN, _keys[_indexOf(t.provider)], closeHash(lease, s.total));
                market.settle(s);
            } else {
                vm.prank(t.provider);
                market.closeNow(s);
            }
            _checkSplit(t, s.total, before, t.escrow - s.total);
            _forget(i);
        }
    }

    function requestClose(uint256 which) external {
        if (_live.length == 0) return;
        uint256 i = which % _live.length;
        Terms memory t = _live[i];
        if (t.closeAt == 0) {
            vm.prank(t.client);
            market.requestClose(t, "");
            _live[i].closeAt = uint40(block.timestamp) + market.CLOSE_WINDOW();
            promisedClose[_lease(t)] = _live[i].closeAt;
        } else {
            vm.prank(t.client);
            try market.requestClose(t, "") {
                movedWindows++;
            } catch {}
        }
    }

    function finalizeClose(uint256 which) external {
        if (_live.length == 0) return;
        uint256 i = which % _live.length;
        Terms memory t = _live[i];
        uint256 from = uint256(t.end) + market.CLOSE_WINDOW();
        if (t.closeAt != 0 && t.closeAt < from) from = t.closeAt;
        if (block.timestamp < from) {
            try market.finalizeClose(t) {
                movedWindows++;
            } catch {}
            return;
        }
        uint256[3] memory before = _books(t);
        market.finalizeClose(t);
        _checkSplit(t, t.paid, before, t.escrow - t.paid);
        _forget(i);
    }

    function topUp(uint256 which, uint32 addSeconds) external {
        if (_live.length == 0) return;
        uint256 i = which % _live.length;
        Terms memory t = _live[i];
        if (t.closeAt != 0 || block.timestamp >= t.end || t.maxEnd == t.end || _paused(t.token)) return;
        if (t.funder != address(0)) return;
        addSeconds = uint32(_bound(addSeconds, 1, t.maxEnd - t.end));
        uint128 more = uint128(t.rate) * addSeconds;
        if (_cash(t.token, t.client) < more) return;
        vm.prank(t.client);
        market.topUp(t, addSeconds, "");
        _live[i].end += addSeconds;
        _live[i].escrow += more;
    }

    /// @dev The last opening once more: its order is spent, whatever happened since.
    function replay() external {
        if (!_hasOpened) return;
        try market.open(_lastOpened) {
            replays++;
        } catch {}
    }

    /* THE REST OF THE WORLD */

    function cancelAll(uint256 who) external {
        uint256 i = who % actors.length;
        vm.prank(actors[i]);
        market.cancelAll();
    }

    function setFee(uint16 feeBps, bool inGP) external {
        vm.prank(admin);
        market.listToken(inGP ? address(gp) : address(usdc), uint16(_bound(feeBps, 0, 1_000)));
    }

    function togglePause(bool inGP) external {
        address token = inGP ? address(gp) : address(usdc);
        bool paused = _paused(token);
        vm.prank(admin);
        if (paused) market.unpause(token);
        else market.pause(token);
    }

    function collectFees() external {
        uint128 fees = market.feesOf(address(gp));
        if (fees == 0) return;
        market.collectFees(address(gp));
        collected[address(gp)] += fees;
    }

    function wait_(uint256 secs) external {
        vm.warp(block.timestamp + _bound(secs, 1, 3 hours));
    }

    /* BOOKS */

    function _checkSplit(Terms memory t, uint128 total, uint256[3] memory before, uint128 refund) private {
        uint256 fee = (uint256(total) * t.feeBps) / 10_000 - (uint256(t.paid) * t.feeBps) / 10_000;
        accrued[t.token] += fee;
        uint256[3] memory now_ = _books(t);
        // What left the escrow is what arrived, to the last unit.
        if (now_[0] + now_[1] + now_[2] - before[0] - before[1] - before[2] != total - t.paid + refund) wrongSplits++;
        if (now_[2] - before[2] != fee) wrongSplits++;
        if (t.payTo != t.client || t.funder != address(0)) {
            if (now_[0] - before[0] != total - t.paid - fee) wrongSplits++;
            if (now_[1] - before[1] != refund) wrongSplits++;
        }
    }

    /// @dev Payee's cash, what refunds go to, fees; a client who is his own payee counts once.
    function _books(Terms memory t) private view returns (uint256[3] memory b) {
        b[0] = _cash(t.token, t.payTo);
        if (t.funder != address(0)) b[1] = market.creditOf(t.token, t.funder, t.fundingRef);
        else if (t.client != t.payTo) b[1] = _cash(t.token, t.client);
        b[2] = market.feesOf(t.token);
    }

    function _forget(uint256 i) private {
        _live[i] = _live[_live.length - 1];
        _live.pop();
    }

    function _offer(uint256 by, uint64 unit, address token, uint96 rate) private view returns (Offer memory o) {
        o.provider = actors[by];
        o.token = token;
        o.unit = unit;
        o.rate = rate;
        o.maxSeconds = 3 hours;
        o.grace = 60;
        o.expiry = type(uint40).max;
        (, o.counter, , ) = market.accountOf(token, o.provider);
    }

    function _order(uint256 by, address token, uint96 bid, uint32 duration) private returns (Order memory o) {
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

    function _terms(OpenArgs memory a) private view returns (Terms memory t) {
        t.provider = t.payTo = a.offer.provider;
        t.unit = a.offer.unit;
        t.seq = uint32(opened[t.unit]);
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

    function _mandate(uint256 by, uint256 operator, address token, uint32 counter, Terms memory t)
        private
        view
        returns (bytes memory)
    {
        Mandate memory m = Mandate({
            client: actors[by],
            operator: actors[operator],
            token: token,
            maxRate: t.rate,
            maxEscrow: t.escrow,
            maxTotal: t.escrow,
            providers: 0,
            expiry: type(uint40).max,
            counter: counter,
            salt: _nonces[by]
        });
        return abi.encode(m, signUnder(DOMAIN, _keys[by], hashOf(m)), new bytes32[](0));
    }

    function _cap(Terms memory t) private view returns (uint256 cap) {
        uint256 until = block.timestamp < t.end ? block.timestamp : t.end;
        cap = uint256(t.rate) * (until - t.start + t.grace);
        if (cap > t.escrow) cap = t.escrow;
    }

    function _lease(Terms memory t) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(market), t.provider, t.unit, t.seq));
    }

    function _indexOf(address who) private view returns (uint256 i) {
        while (actors[i] != who) ++i;
    }

    function _paused(address token) private view returns (bool paused) {
        (, paused, ) = market.tokenOf(token);
    }

    function _cash(address token, address account) private view returns (uint128 cash) {
        (cash, , , ) = market.accountOf(token, account);
    }

    function _give(address token, address to, uint256 amount) private {
        vm.prank(admin);
        if (token == address(gp)) gp.mint(to, amount);
        else usdc.mint(to, amount);
    }
}
