// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {GPToken} from "../../src/GPToken.sol";
import {TestUSDC} from "../../src/TestUSDC.sol";
import {Mandate, OpenArgs, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {GrantFunder} from "./Funders.sol";
import {MarketParties} from "./MarketParties.sol";

/// @dev Makes only calls that must succeed, keeps its own books, and tries what must fail inside try/catch. A call that
/// has nothing to do returns.
abstract contract MarketHandler is MarketParties {
    uint256 internal constant UNITS = 6;

    GrantFunder public immutable funder;
    Terms[] private _live;

    // Books
    mapping(address token => uint256) public donated;
    mapping(address token => uint256) public accrued; // fees, by the formula of each lease
    mapping(address token => uint256) public collected;
    mapping(uint256 unit => uint256) public opened; // how often
    mapping(bytes32 lease => uint40) public promisedClose;
    uint256 public wrongSplits; // I7
    uint256 public replays; // I6
    uint256 public movedWindows; // I9
    uint256 public wrongPayments; // I4: above the cap, or by another than the provider inside the close window
    mapping(address token => mapping(address account => uint256)) public owned; // I2
    mapping(bytes32 mandate => uint256) public committed; // I6
    bytes32[] private _mandates;
    OpenArgs private _lastOpened;
    bool private _hasOpened;

    constructor(LeaseMarket market_, GPToken gp_, TestUSDC usdc_, address admin_)
        MarketParties(market_, gp_, usdc_, admin_)
    {
        funder = new GrantFunder(market_);
    }

    function liveCount() external view returns (uint256) {
        return _live.length;
    }

    function live(uint256 i) external view returns (Terms memory) {
        return _live[i];
    }

    function mandateCount() external view returns (uint256) {
        return _mandates.length;
    }

    function mandates(uint256 i) external view returns (bytes32) {
        return _mandates[i];
    }

    /* MONEY IN AND OUT */

    function deposit(uint256 who, uint256 amount, bool inGP) external {
        address token = inGP ? address(gp) : address(usdc);
        if (_paused(token)) return;
        amount = _bound(amount, 1, 1e9);
        address account = actors[who % actors.length];
        owned[token][account] += amount;
        // Half of them by the owner himself.
        address payer = amount % 2 == 0 ? account : address(this);
        _give(token, payer, amount);
        vm.startPrank(payer);
        IERC20(token).approve(address(market), amount);
        if (payer == account) market.deposit(token, uint128(amount));
        else market.depositFor(account, token, uint128(amount));
        vm.stopPrank();
    }

    function withdraw(uint256 who, uint256 amount, bool inGP) external {
        address token = inGP ? address(gp) : address(usdc);
        address account = actors[who % actors.length];
        uint128 cash = _cash(token, account);
        if (cash == 0) return;
        amount = _bound(amount, 1, cash);
        owned[token][account] -= amount;
        vm.prank(account);
        market.withdraw(token, account, uint128(amount));
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

    /// @dev A part of the funder's credit back out, through its cash.
    function takeBack(uint256 amount) external {
        uint128 credit = market.creditOf(address(gp), address(funder), "grant");
        if (credit == 0) return;
        funder.takeBack("grant", address(gp), uint128(_bound(amount, 1, credit)), admin);
    }

    /* LEASES */

    /// @dev `mode`: 0 the client's own cash, 1 a mandate, 2 a funder's credit. Through `open` or either `openMany`.
    function open(uint256 who, uint256 unit, uint96 rate, uint96 bid, uint32 duration, uint8 mode, bool inGP) external {
        mode %= 3;
        address token = inGP || mode == 2 ? address(gp) : address(usdc);
        unit %= UNITS;
        uint256 clientIndex = who % actors.length;
        uint256 providerIndex = unit % actors.length;
        if (_paused(token) || uint256(market.unitOf(actors[providerIndex], uint64(unit))) > type(uint32).max) return;
        OpenArgs memory a;
        a.offer = _offer(providerIndex, uint64(unit), token, uint96(_bound(rate, 0, 50_000)));
        if (bid % 3 == 0) a.offer.payTo = actors[(providerIndex + 3) % actors.length];
        a.order = _order(clientIndex, token, uint96(_bound(bid, 0, 60_000)), uint32(_bound(duration, 60, 7200)));
        Terms memory t = _terms(a, opened[unit]);
        if (mode == 2) {
            a.order.funder = t.funder = address(funder);
            a.order.fundingRef = t.fundingRef = "grant";
            if (market.creditOf(token, address(funder), "grant") < t.escrow) return;
        } else if (_cash(token, t.client) < t.escrow) {
            return;
        }
        a.offerSig = signUnder(DOMAIN, _keys[providerIndex], hashOf(a.offer));
        uint256 signer = clientIndex;
        bytes32 signed = hashOf(a.order);
        if (mode == 1) {
            signer = (clientIndex + 1) % actors.length;
            Mandate memory m = _mandate(clientIndex, signer, token, a.order.counter);
            bytes32 id = hashOf(m);
            if (committed[id] + t.escrow > m.maxTotal) return;
            committed[id] += t.escrow;
            _mandates.push(id);
            a.mandate = abi.encode(m, signUnder(DOMAIN, _keys[clientIndex], id), new bytes32[](0));
            signed = mandatedHash(m, a.order);
        }
        a.orderSig = signUnder(DOMAIN, _keys[signer], signed);
        (, , t.feeBps) = market.tokenOf(token);
        _send(a, duration);
        if (mode != 2) owned[token][t.client] -= t.escrow;
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
        uint256[3] memory before = _books(t);
        SettleArgs[] memory many = new SettleArgs[](1);
        many[0] = s;
        if (how % 4 == 0) {
            if (_inWindow(t)) {
                if (s.total != t.paid) _mustFail(s);
                vm.prank(t.provider);
            }
            if (how < 128) market.settle(s);
            else market.settleMany(many, false);
            _live[i].paid = s.total;
            _checkSplit(t, s.total, before, 0);
        } else if (how % 4 == 1) {
            s.total = uint128(_cap(t)) + 1;
            s.noteSig = signUnder(DOMAIN, _keys[_indexOf(t.key)], noteHash(lease, s.total));
            _mustFail(s);
        } else {
            if (how % 4 == 2) {
                s.closeSig = signUnder(DOMAIN, _keys[_indexOf(t.provider)], closeHash(lease, s.total));
                market.settle(s);
            } else {
                vm.prank(t.provider);
                if (how < 128) market.closeNow(s);
                else market.settleMany(many, true);
            }
            _checkSplit(t, s.total, before, t.escrow - s.total);
            _forget(i);
        }
    }

    function _mustFail(SettleArgs memory s) private {
        try market.settle(s) {
            wrongPayments++;
        } catch {}
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
        if (block.timestamp < _finalFrom(t)) {
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
        addSeconds = uint32(_bound(addSeconds, 1, t.maxEnd - t.end));
        uint128 more = uint128(t.rate) * addSeconds;
        if (t.funder != address(0)) {
            if (market.creditOf(t.token, t.funder, t.fundingRef) < more) return;
            funder.extend(t, addSeconds);
        } else {
            if (_cash(t.token, t.client) < more) return;
            vm.prank(t.client);
            market.topUp(t, addSeconds, "");
            owned[t.token][t.client] -= more;
        }
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

    function collectFees(bool inGP) external {
        address token = inGP ? address(gp) : address(usdc);
        uint128 fees = market.feesOf(token);
        if (fees == 0) return;
        market.collectFees(token);
        collected[token] += fees;
    }

    function wait_(uint256 secs) external {
        vm.warp(block.timestamp + _bound(secs, 1, 3 hours));
    }

    /* BOOKS */

    function _checkSplit(Terms memory t, uint128 total, uint256[3] memory before, uint128 refund) private {
        uint256 fee = (uint256(total) * t.feeBps) / 10_000 - (uint256(t.paid) * t.feeBps) / 10_000;
        accrued[t.token] += fee;
        owned[t.token][t.payTo] += total - t.paid - fee;
        if (t.funder == address(0)) owned[t.token][t.client] += refund;
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

    function _send(OpenArgs memory a, uint256 way) private {
        OpenArgs[] memory many = new OpenArgs[](1);
        many[0] = a;
        if (way % 3 == 0) market.open(a);
        else market.openMany(many, way % 3 == 1);
    }
}
