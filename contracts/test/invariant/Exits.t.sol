// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketMoves} from "../support/MarketMoves.sol";

/// @dev What a search found. It lives in memory, which a return to an earlier state of the chain leaves alone.
struct Search {
    bytes32[] table; // the states met, by open addressing
    uint256[] depths; // how many moves were still to come there, plus one
    uint256[] taken; // how often each move could be made
    uint256 states;
    uint256 stuck; // states in which somebody could not get what is his
    uint256[] path; // the moves that led here
    string example; // of a stuck state: its path, and whose exit failed
}

/// @title I3, searched: an exit from every reachable state for every party
/// @dev From every state that sequences of a bounded number of moves of client, provider, funder, third party and admin
/// can reach, each party gets all that is its own out by its own calls alone:
/// - the client his cash and the escrow that was not signed away, within one close window;
/// - the provider his cash and his best note, at once;
/// - the funder its credit, and the rest of the escrow it pays for within one close window of the lease's end.
/// EXITS_DEPTH=5 searches one move deeper.
contract ExitsTest is MarketMoves {
    uint256 private constant TABLE = 1 << 16;
    uint256 private constant DEPTH = 4;
    uint256 private constant EXITS = 5;

    function test_Exits() external {
        uint256 depth = vm.envOr("EXITS_DEPTH", DEPTH);
        Search memory s = _search(depth);
        emit log_named_uint("states", s.states);
        assertEq(s.stuck, 0, s.example);
        for (uint256 i = 0; i < MOVES; ++i) {
            assertGt(s.taken[i], 0, string.concat("never made: move ", vm.toString(i)));
        }
        if (depth == DEPTH) assertEq(s.states, 1_572, "states explored");
    }

    /// @dev The search must find a market whose exits do not work: here the client's, then the provider's.
    function test_Exits_FindsAWithheldRequest() external {
        vm.mockCallRevert(address(market), abi.encodeWithSelector(market.requestClose.selector), "stuck");
        assertGt(_search(1).stuck, 0);
    }

    function test_Exits_FindsAWithheldNote() external {
        vm.mockCallRevert(address(market), abi.encodeWithSelector(market.closeNow.selector), "stuck");
        assertGt(_search(2).stuck, 0);
    }

    function test_Exits_FindsAWithheldRefund() external {
        vm.mockCall(address(market), abi.encodeWithSelector(market.finalizeClose.selector), "");
        assertGt(_search(1).stuck, 0);
    }

    function _search(uint256 depth) private returns (Search memory s) {
        s.table = new bytes32[](TABLE);
        s.depths = new uint256[](TABLE);
        s.taken = new uint256[](MOVES);
        s.path = new uint256[](depth);
        _explore(s, depth);
    }

    function _explore(Search memory s, uint256 left) private {
        uint256 slot = uint256(_key()) % TABLE;
        bytes32 key = _key();
        while (s.table[slot] != key && s.table[slot] != 0) slot = (slot + 1) % TABLE;
        if (s.depths[slot] > left) return;
        if (s.table[slot] == 0) {
            s.table[slot] = key;
            ++s.states;
            assertLt(s.states, TABLE / 2, "the table is too small");
            uint256 party = _whoIsStuck();
            if (party < EXITS && ++s.stuck == 1) s.example = _describe(s.path, left, party);
        }
        s.depths[slot] = left + 1;
        if (left == 0) return;
        for (uint256 i = 0; i < MOVES; ++i) {
            uint256 free;
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            uint256 snapshot = vm.snapshotState();
            try this.move(i) {
                ++s.taken[i];
                s.path[s.path.length - left] = i;
                _explore(s, left - 1);
            } catch {}
            vm.revertToStateAndDelete(snapshot);
            // Nothing else that a branch put into memory is used again.
            if (s.stuck != 0) continue;
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    /// @return party The first exit that failed, or EXITS.
    function _whoIsStuck() private returns (uint256 party) {
        bool ok = true;
        for (; party < EXITS; ++party) {
            uint256 snapshot = vm.snapshotState();
            try this.goOut(party) {}
            catch {
                ok = false;
            }
            vm.revertToStateAndDelete(snapshot);
            if (!ok) break;
        }
    }

    function _describe(uint256[] memory path, uint256 left, uint256 party) private pure returns (string memory text) {
        text = string.concat("exit ", vm.toString(party), " fails after the moves");
        for (uint256 i = 0; i + left < path.length; ++i) text = string.concat(text, " ", vm.toString(path[i]));
    }

    /// @dev One party's way out, alone or against another who interferes; reverts where it does not get what is its.
    function goOut(uint256 i) external {
        require(msg.sender == address(this));
        if (i == 0) _clientLeaves(false);
        else if (i == 1) _clientLeaves(true);
        else if (i == 2) _providerLeaves(false);
        else if (i == 3) _providerLeaves(true);
        else _funderLeaves();
    }

    /// @param disturbed The provider brings his note at the last second.
    function _clientLeaves(bool disturbed) private {
        uint256 began = block.timestamp;
        uint256 had = gp.balanceOf(client);
        uint256 his = _cash(client);
        if (live) {
            if (t.closeAt == 0 && block.timestamp < _finalFrom()) _requestClose();
            if (block.timestamp < _finalFrom()) {
                vm.warp(_finalFrom() - 1);
                if (disturbed && note > t.paid) {
                    vm.prank(provider);
                    market.settle(_note(t, note));
                    t.paid = note;
                }
                vm.warp(_finalFrom());
            }
            if (t.funder == address(0)) his += t.escrow - t.paid;
            _finalize(client);
        }
        if (his != 0) _withdrawAll(client);
        require(gp.balanceOf(client) - had == his && block.timestamp - began <= WINDOW);
    }

    /// @param disturbed The client changes the terms first.
    function _providerLeaves(bool disturbed) private {
        uint256 had = gp.balanceOf(provider);
        uint256 his = _cash(provider);
        if (live) {
            if (disturbed && t.closeAt == 0) _requestClose();
            his += note > t.paid ? note - t.paid - (_feeOf(t, note) - _feeOf(t, t.paid)) : 0;
            if (note < t.paid) note = t.paid;
            _closeNow();
        }
        if (his != 0) _withdrawAll(provider);
        require(gp.balanceOf(provider) - had == his);
    }

    function _funderLeaves() private {
        uint256 had = gp.balanceOf(stranger);
        uint256 its = market.creditOf(address(gp), address(funder), "grant");
        if (live && t.funder != address(0)) {
            if (block.timestamp < _finalFrom()) vm.warp(_finalFrom());
            its += t.escrow - t.paid;
            _finalize(address(funder));
        }
        funder.takeBack("grant", address(gp), uint128(its), stranger);
        require(gp.balanceOf(stranger) - had == its);
    }
}
