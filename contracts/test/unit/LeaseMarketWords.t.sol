// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, OpenArgs, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

/// @dev The words as they lie (slots: storage-layouts.json). No view tells that a used word never returns to zero, on
/// which the gas of every later payment rests.
contract LeaseMarketWordsTest is MarketBase {
    uint256 private constant TOUCHED = 1 << 255;

    function _at(bytes32 place) private view returns (uint256) {
        return uint256(vm.load(address(market), place));
    }

    /// @dev Where a mapping in `slot` keeps the word of `key`.
    function _place(uint256 key, uint256 slot) private pure returns (bytes32) {
        return keccak256(abi.encode(key, slot));
    }

    function _accountWord(address account) private view returns (uint256) {
        return _at(_place(uint160(account), uint256(_place(uint160(address(gp)), 0))));
    }

    function _unitPlace(uint64 unit) private view returns (bytes32) {
        return _place((uint256(uint160(provider)) << 64) | unit, 2);
    }

    function _feesWord() private view returns (uint256) {
        return _at(_place(uint160(address(gp)), 5));
    }

    // @tree it should hold an account's counter, cash or none
    function test_AccountWord() external {
        assertEq(_accountWord(client), (1 << 224) | CASH);
        vm.prank(client);
        market.withdraw(address(gp), client, CASH);
        assertEq(_accountWord(client), 1 << 224);
        vm.prank(stranger);
        market.cancelAll();
        _fund(stranger, 1 << 40); // the counter is the word's top, whatever the low bits of the cash
        assertEq(_accountWord(stranger), (2 << 224) | (1 << 40));
    }

    // @tree it should hold a flag beside fees and credit, any or none
    function test_FlaggedWords() external {
        assertEq(_feesWord(), TOUCHED);
        Terms memory t = _open(1);
        market.settle(_final(t, RATE));
        assertEq(_feesWord(), TOUCHED | _feeOf(t, RATE));
        vm.prank(admin);
        market.setFeeSink(stranger);
        market.collectFees(address(gp));
        assertEq(_feesWord(), TOUCHED);
        bytes32 key = keccak256(abi.encode(client, bytes32("ref")));
        bytes32 credit = keccak256(abi.encode(key, _place(uint160(address(gp)), 1)));
        vm.startPrank(client);
        market.fundRef("ref", address(gp), 7);
        assertEq(_at(credit), TOUCHED | 7);
        market.unfundRef("ref", address(gp), 7);
        assertEq(_at(credit), TOUCHED);
    }

    // @tree it should hold a unit's next seq, and that a mandate is revoked
    function test_UnitAndMandateWords() external {
        Terms memory t = _open(9);
        assertEq(_at(_unitPlace(9)), uint256(hashOf(t)));
        market.settle(_final(t, 0));
        assertEq(_at(_unitPlace(9)), 1);
        Mandate memory m;
        m.client = client;
        vm.prank(client);
        market.revokeMandate(m, "");
        assertEq(_at(_place(uint256(hashOf(m)), 3)), 2 << 224);
    }

    // @tree it should hold its source, fee and states in one word
    function test_TokenWord() external {
        uint256 listed = (1 << 176) | (uint256(FEE_BPS) << 160);
        bytes32 place = _place(uint160(address(gp)), 4);
        assertEq(_at(place), listed);
        vm.startPrank(admin);
        market.setFeeSource(stranger);
        assertEq(_at(place), listed | uint160(stranger));
        market.pause(address(gp));
        assertEq(_at(place), listed | uint160(stranger) | (1 << 177));
    }

    // @tree it should open a last time and never again
    function test_LastSeq() external {
        vm.store(address(market), _unitPlace(1), bytes32(uint256(type(uint32).max)));
        Terms memory t = _open(1);
        assertEq(t.seq, type(uint32).max);
        _assertLive(t);
        market.settle(_final(t, RATE));
        OpenArgs memory a = _args(1);
        // Seq 0 would bring every note of the first lease to life again.
        vm.expectRevert(abi.encodeWithSelector(UnitBusy.selector, provider, 1));
        market.open(a);
    }
}
