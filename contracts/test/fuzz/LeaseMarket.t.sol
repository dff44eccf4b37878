// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, Offer, OpenArgs, Order, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {LeaseHash} from "../../src/libraries/LeaseHash.sol";
import {Ledger} from "../../src/libraries/Ledger.sol";
import {GrantFunder} from "../support/Funders.sol";
import {MarketBase} from "../support/MarketBase.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @dev Makes reverts of the pure libraries catchable.
contract Harness {
    function spend(uint256 word, uint32 nonce) external pure returns (uint256) {
        return Ledger.spend(word, nonce);
    }

    function root(bytes32[] calldata proof, bytes32 leaf) external pure returns (bytes32) {
        return LeaseHash.root(proof, leaf);
    }
}

contract LeaseMarketFuzzTest is MarketBase {
    Harness private _harness = new Harness();
    mapping(uint32 nonce => bool) private _spent;

    function _openFuzzed(uint96 rate, uint32 duration, uint32 grace, uint16 feeBps, address funder)
        private
        returns (Terms memory)
    {
        rate = uint96(_bound(rate, 0, 1e17));
        duration = uint32(_bound(duration, 1, 30 days));
        vm.prank(admin);
        market.listToken(address(gp), uint16(_bound(feeBps, 0, 1_000)));
        Offer memory offer = _offer(1);
        offer.rate = rate;
        offer.minSeconds = 0;
        offer.maxSeconds = 60 days;
        offer.grace = uint32(_bound(grace, 0, 1 days));
        Order memory order = _order();
        order.duration = duration;
        order.maxRate = type(uint96).max;
        order.funder = funder;
        return _openWith(_args(offer, order));
    }

    function _cap(Terms memory t) private view returns (uint128) {
        uint256 until = block.timestamp < t.end ? block.timestamp : t.end;
        uint256 byClock = uint256(t.rate) * (until - t.start + t.grace);
        return uint128(byClock < t.escrow ? byClock : t.escrow);
    }

    /// @dev A lease of any price, length, fee and way of settling splits its escrow exactly.
    function testFuzz_WholeLease(
        uint96 rate,
        uint32 duration,
        uint32 grace,
        uint16 feeBps,
        uint40[3] memory waits,
        uint256[3] memory parts,
        uint8 exit
    ) external {
        Terms memory t = _openFuzzed(rate, duration, grace, feeBps, address(0));
        assertEq(_cash(client), CASH - t.escrow);
        for (uint256 i = 0; i < 3; ++i) {
            skip(_bound(waits[i], 0, 20 days));
            uint128 total = uint128(_bound(parts[i], t.paid, _cap(t)));
            if (i < 2 || exit % 3 == 2) {
                vm.prank(provider); // the close window may have begun
                market.settle(_note(t, total));
            } else if (exit % 3 == 1) {
                vm.prank(provider);
                market.closeNow(_note(t, total));
            } else {
                market.settle(_final(t, total));
            }
            t.paid = total;
        }
        if (exit % 3 == 2) {
            vm.warp(t.end + WINDOW);
            market.finalizeClose(t);
        }
        _assertIdle(t);
        assertEq(_cash(client), CASH - t.paid);
        assertEq(market.feesOf(address(gp)), _feeOf(t, t.paid));
        assertEq(_cash(provider), t.paid - _feeOf(t, t.paid));
    }

    /// @dev The cap holds to the unit at any time: one more is refused, the cap itself is paid.
    function testFuzz_Cap(uint96 rate, uint32 duration, uint32 grace, uint40 wait_) external {
        Terms memory t = _openFuzzed(rate, duration, grace, 500, address(0));
        skip(_bound(wait_, 0, 60 days));
        uint128 cap = _cap(t);
        SettleArgs memory s = _note(t, cap + 1);
        vm.prank(provider); // at any time he may
        vm.expectRevert(abi.encodeWithSelector(TotalAboveCap.selector, cap + 1, cap));
        market.settle(s);
        assertEq(market.collectable(t, type(uint128).max), cap);
        market.settle(_final(t, cap));
        assertEq(_cash(provider) + market.feesOf(address(gp)), cap);
        assertEq(_cash(client), CASH - cap);
    }

    /// @dev A top-up adds exactly rate * seconds to the escrow, and all of it can be paid or comes back.
    function testFuzz_TopUp(uint96 rate, uint32 duration, uint32 more, uint256 part) external {
        Terms memory t = _openFuzzed(rate, duration, 0, 500, address(0));
        more = uint32(_bound(more, 1, t.maxEnd - t.end));
        vm.prank(client);
        market.topUp(t, more, "");
        t.end += more;
        t.escrow += uint128(t.rate) * more;
        _assertLive(t);
        assertEq(_cash(client), CASH - t.escrow);
        assertEq(t.escrow, uint256(t.rate) * (t.end - t.start));
        vm.warp(t.end);
        uint128 total = uint128(_bound(part, 0, t.escrow));
        market.settle(_final(t, total));
        assertEq(_cash(client), CASH - total);
        assertEq(_cash(provider), total - _feeOf(t, total));
    }

    /// @dev Credit pays and takes back like cash, and never becomes the client's.
    function testFuzz_Credit(uint96 rate, uint32 duration, uint256 part) external {
        GrantFunder funder = new GrantFunder(market);
        _fund(address(funder), CASH);
        funder.grant(bytes32(0), address(gp), CASH);
        Terms memory t = _openFuzzed(rate, duration, 0, 500, address(funder));
        vm.warp(t.end);
        uint128 total = uint128(_bound(part, 0, t.escrow));
        market.settle(_final(t, total));
        assertEq(market.creditOf(address(gp), address(funder), bytes32(0)), CASH - total);
        assertEq(_cash(client), CASH);
        assertEq(_cash(provider) + market.feesOf(address(gp)), total);
    }

    /// @dev Whatever an operator tries, the escrow under a mandate never sums to more than its total.
    function testFuzz_Mandate(uint128 maxTotal, uint32[6] memory durations) external {
        Mandate memory m;
        m.client = client;
        uint256 operatorKey;
        (m.operator, operatorKey) = makeAddrAndKey("operator");
        m.token = address(gp);
        m.maxRate = RATE;
        m.maxEscrow = type(uint128).max;
        m.maxTotal = uint128(_bound(maxTotal, 0, 5 * 3600 * uint256(RATE)));
        m.expiry = NOW + 1;
        m.counter = 1;
        uint256 sum = 0;
        for (uint64 i = 0; i < 6; ++i) {
            Order memory order = _order();
            order.duration = uint32(_bound(durations[i], 60, 7200));
            OpenArgs memory a = _args(_offer(i), order);
            a.orderSig = _sign(operatorKey, mandatedHash(m, order));
            a.mandate = _mandateBytes(m, clientKey);
            uint256 escrow = uint256(RATE) * order.duration;
            bool fits = sum + escrow <= m.maxTotal;
            try market.open(a) {
                assertTrue(fits);
                sum += escrow;
            } catch {
                assertFalse(fits);
            }
        }
        assertEq(_cash(client), CASH - sum);
        assertLe(sum, m.maxTotal);
    }

    /// @dev What goes in comes out, and nobody else's balance moves.
    function testFuzz_DepositWithdraw(uint128 amount, uint128 part) external {
        amount = uint128(_bound(amount, 1, 1e26));
        part = uint128(_bound(part, 1, amount));
        _fund(stranger, amount);
        vm.prank(stranger);
        market.withdraw(address(gp), relayer, part);
        assertEq(gp.balanceOf(relayer), part);
        assertEq(_cash(stranger), amount - part);
        assertEq(_cash(client), CASH);
        assertEq(gp.balanceOf(address(market)), uint256(CASH) + amount - part);
    }

    /// @dev Fees split into what is burnt and what is sunk, and nothing is left.
    function testFuzz_CollectFees(uint96 rate, uint16 burnBps) external {
        Terms memory t = _openFuzzed(uint96(_bound(rate, 1e6, 1e17)), 3600, 0, 1_000, address(0));
        vm.warp(t.end);
        market.settle(_final(t, t.escrow));
        burnBps = uint16(_bound(burnBps, 1_000, 10_000));
        vm.startPrank(admin);
        market.setBurnBps(burnBps);
        market.setFeeSink(stranger);
        vm.stopPrank();
        uint128 fees = market.feesOf(address(gp));
        uint256 supply = gp.totalSupply();
        market.collectFees(address(gp));
        uint256 burned = (uint256(fees) * burnBps) / 10_000;
        assertEq(gp.totalSupply(), supply - burned);
        assertEq(gp.balanceOf(stranger), fees - burned);
        assertEq(market.feesOf(address(gp)), 0);
    }

    /// @dev The replay window against a set: a nonce is accepted when it is new and less than 64 below the highest.
    function testFuzz_ReplayWindow(uint32[40] memory nonces, uint32 base, uint128 cash) external {
        uint256 word = uint256(cash) | (uint256(5) << 224);
        uint256 highest = 0;
        for (uint256 i = 0; i < nonces.length; ++i) {
            uint32 nonce = uint32(_bound(nonces[i], base > 100 ? base - 100 : 0, uint256(base) + 100));
            bool fresh = nonce != 0 && !_spent[nonce] && uint256(nonce) + 64 > highest;
            try _harness.spend(word, nonce) returns (uint256 next) {
                assertTrue(fresh, "a spent, old or zero nonce was accepted");
                word = next;
                _spent[nonce] = true;
                if (nonce > highest) highest = nonce;
            } catch {
                assertFalse(fresh, "a new nonce was refused");
            }
            assertEq(Ledger.cash(word), cash);
            assertEq(Ledger.counter(word), 5);
            assertEq(Ledger.top(word), highest);
        }
    }

    /// @dev Roots agree with OpenZeppelin's.
    function testFuzz_Root(bytes32[] memory proof, bytes32 leaf) external view {
        assertEq(_harness.root(proof, leaf), MerkleProof.processProof(proof, leaf));
    }

    /// @dev Random bytes in the place of signatures and proofs open and settle nothing.
    function testFuzz_Garbage(bytes memory junk, bytes32[] memory proof) external {
        vm.assume(junk.length != 0);
        OpenArgs memory a = _args(1);
        bytes memory good = a.offerSig;
        a.offerSig = junk;
        a.offerProof = proof;
        vm.expectRevert(abi.encodeWithSelector(BadOfferSignature.selector));
        market.open(a);
        a.offerSig = good;
        a.offerProof = new bytes32[](0);
        a.orderSig = junk;
        vm.expectRevert(abi.encodeWithSelector(BadOrderSignature.selector));
        market.open(a);
        Terms memory t = _open(2);
        SettleArgs memory s = _final(t, RATE);
        s.noteSig = junk;
        vm.expectRevert(abi.encodeWithSelector(BadNoteSignature.selector));
        market.settle(s);
    }
}
