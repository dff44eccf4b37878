// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OpenArgs, SettleArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {BurningSource} from "./FeeSources.sol";
import {GrantFunder} from "./Funders.sol";
import {MarketBase} from "./MarketBase.sol";

/// @dev One unit, one client, one provider, a funder, a third party and an admin, and every kind of move that each has.
/// A move that its author cannot make now reverts.
abstract contract MarketMoves is MarketBase {
    uint256 internal constant MOVES = 22;
    uint64 private constant UNIT = 1;
    uint128 internal constant GRANT = 100_000e18;

    GrantFunder internal funder;
    BurningSource private _burning;
    Terms internal t; // of the last lease
    bool internal live;
    uint128 internal note; // the largest total that the lease key signed: the provider holds it
    uint256 internal opened;

    function setUp() public virtual override {
        super.setUp();
        funder = new GrantFunder(market);
        _burning = new BurningSource();
        _fund(address(funder), GRANT);
        funder.grant("grant", address(gp), GRANT);
        vm.prank(admin);
        market.setFeeSink(stranger);
    }

    /// @dev Makes move `i`; reverts when it cannot be made.
    function move(uint256 i) external {
        require(msg.sender == address(this));
        if (i == 0) _openMove(false);
        else if (i == 1) _openMove(true);
        else if (i == 2) _signNote();
        else if (i == 3) _settleBy(provider);
        else if (i == 4) _settleBy(relayer);
        else if (i == 5) _closeNow();
        else if (i == 6) _closeAgreed();
        else if (i == 7) _requestClose();
        else if (i == 8) _finalize(relayer);
        else if (i == 9) _topUp();
        else if (i == 10) _cancelAll(client);
        else if (i == 11) _cancelAll(provider);
        else if (i == 12) _withdrawAll(client);
        else if (i == 13) _withdrawAll(provider);
        else if (i == 14) market.collectFees(address(gp));
        else if (i < 19) _administer(i);
        else if (i == 19) skip(100);
        else if (i == 20) _waitFor(t.end);
        else if (i == 21) _waitFor(_finalFrom());
        else revert("no such move");
    }

    function _openMove(bool funded) private {
        require(!live && opened < 2);
        OpenArgs memory a = _args(UNIT);
        (, a.offer.counter, , ) = market.accountOf(address(gp), provider);
        (, a.order.counter, , ) = market.accountOf(address(gp), client);
        if (funded) (a.order.funder, a.order.fundingRef) = (address(funder), "grant");
        a = _args(a.offer, a.order);
        t = _openWith(a);
        (live, note) = (true, 0);
        ++opened;
    }

    /// @dev The client's watch signs for all the time there was. Nothing of it is on chain.
    function _signNote() private {
        require(live && note < _capNow());
        note = _capNow();
    }

    function _settleBy(address sender) private {
        require(live && note > t.paid);
        vm.prank(sender);
        market.settle(_note(t, note));
        t.paid = note;
    }

    function _closeNow() internal {
        vm.prank(provider);
        market.closeNow(_note(t, note));
        _over();
    }

    function _closeAgreed() private {
        vm.prank(relayer);
        market.settle(_final(t, note));
        _over();
    }

    function _requestClose() internal {
        vm.prank(client);
        market.requestClose(t, "");
        t.closeAt = uint40(block.timestamp) + WINDOW;
    }

    function _finalize(address sender) internal {
        vm.prank(sender);
        market.finalizeClose(t);
        _over();
    }

    function _topUp() private {
        if (t.funder == address(0)) {
            vm.prank(client);
            market.topUp(t, 600, "");
        } else {
            funder.extend(t, 600);
        }
        t.end += 600;
        t.escrow += 600 * uint128(t.rate);
    }

    function _cancelAll(address who) private {
        vm.prank(who);
        market.cancelAll();
    }

    function _withdrawAll(address who) internal {
        uint128 cash = _cash(who);
        vm.prank(who);
        market.withdraw(address(gp), who, cash);
    }

    /// @dev A token cannot be unlisted: pausing its entry, and closing the market to its roles, are as near as it gets.
    /// @dev A token cannot be unlisted: pausing its entry, and closing the market to its roles, are as near as it gets.
    function _administer(uint256 i) private {
        // One call for each prank: a prank that is begun stays when a move reverts.
        vm.prank(admin);
        if (i == 15) market.pause(address(0));
        else if (i == 16) market.unpause(address(gp));
        else if (i == 17) manager.setTargetClosed(address(market), true);
        else _worstFees();
    }

    function _worstFees() private {
        market.listToken(address(gp), 1_000);
        vm.prank(admin);
        market.setFeeSource(address(_burning));
        vm.prank(admin);
        market.setFeeSink(address(0));
    }

    function _waitFor(uint256 time) private {
        require(live && block.timestamp < time);
        vm.warp(time);
    }

    function _over() private {
        live = false;
    }

    function _capNow() internal view returns (uint128) {
        uint256 until = block.timestamp < t.end ? block.timestamp : t.end;
        uint256 cap = uint256(t.rate) * (until - t.start + t.grace);
        return uint128(cap < t.escrow ? cap : t.escrow);
    }

    function _finalFrom() internal view returns (uint256 from) {
        from = uint256(t.end) + WINDOW;
        if (t.closeAt != 0 && t.closeAt < from) from = t.closeAt;
    }

    /// @dev Two worlds with the same key have the same future.
    function _key() internal view returns (bytes32) {
        (, bool paused, uint16 feeBps) = market.tokenOf(address(gp));
        (uint128 cash, uint32 counter, , ) = market.accountOf(address(gp), client);
        (uint128 earned, uint32 offers, , ) = market.accountOf(address(gp), provider);
        (address sink, , , ) = market.feeSettings();
        bytes32 money = keccak256(
            abi.encode(
                cash, earned, market.creditOf(address(gp), address(funder), "grant"), market.feesOf(address(gp)), note
            )
        );
        return keccak256(
            abi.encode(
                market.unitOf(provider, UNIT), money, counter, offers, block.timestamp, opened, paused, feeBps, sink,
                manager.isTargetClosed(address(market))
            )
        );
    }
}
