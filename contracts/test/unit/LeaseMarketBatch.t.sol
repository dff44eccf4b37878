// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Offer, OpenArgs, Order} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

contract LeaseMarketBatchTest is MarketBase {
    uint128 private constant HOUR = uint128(RATE) * 3600;

    /// @dev Two openings whose offers lie under one root; only the first carries the signature.
    function _pairOfOffers() private returns (OpenArgs[] memory a) {
        a = new OpenArgs[](2);
        a[0] = _args(1);
        a[1] = _args(2);
        bytes32[2] memory leaves = [offerLeaf(a[0].offer), offerLeaf(a[1].offer)];
        for (uint256 i = 0; i < 2; ++i) {
            a[i].offerProof = new bytes32[](1);
            a[i].offerProof[0] = leaves[1 - i];
        }
        a[0].offerSig = _sign(providerKey, batchHash(pair(leaves[0], leaves[1])));
        a[1].offerSig = "";
    }

    function _gang(uint64 unit, uint64 id, uint16 size) private returns (OpenArgs memory) {
        Order memory order = _order();
        order.gang = (id << 16) | size;
        return _args(_offer(unit), order);
    }

    function _idle(uint64 unit) private view returns (bool) {
        return uint256(market.unitOf(provider, unit)) <= type(uint32).max;
    }

    /* SKIPPING */

    // @tree it should open the others and name each reason
    function test_OpenMany() external {
        OpenArgs[] memory a = new OpenArgs[](4);
        a[0] = _args(1);
        a[1] = _args(_offer(2), a[0].order);
        a[2] = _args(1);
        a[3] = _args(4);
        vm.expectEmit(address(market));
        emit OpenSkipped(1, NonceUsed.selector);
        vm.expectEmit(address(market));
        emit OpenSkipped(2, UnitBusy.selector);
        vm.prank(relayer);
        market.openMany(a, false);
        _assertLive(_termsOf(a[0], 0, FEE_BPS));
        _assertLive(_termsOf(a[3], 0, FEE_BPS));
        assertTrue(_idle(2));
        assertEq(_cash(client), CASH - 2 * HOUR);
    }

    // @tree it should undo everything of a skipped item
    function test_OpenMany_Undo() external {
        OpenArgs[] memory a = new OpenArgs[](1);
        a[0] = _args(1);
        a[0].orderSig = _sign(providerKey, hashOf(a[0].order)); // fails after nonce and escrow were taken
        vm.prank(relayer);
        market.openMany(a, false);
        (uint128 cash, , uint32 top, ) = market.accountOf(address(gp), client);
        assertEq(cash, CASH);
        assertEq(top, 0);
        a[0].orderSig = _sign(clientKey, hashOf(a[0].order));
        market.openMany(a, false);
        assertFalse(_idle(1));
    }

    // @tree it should accept one signature for all offers of a batch root
    function test_OpenMany_OneSignature() external {
        OpenArgs[] memory a = _pairOfOffers();
        vm.prank(relayer);
        market.openMany(a, false);
        assertFalse(_idle(1));
        assertFalse(_idle(2));
    }

    // @tree it should not lend that signature to another root or provider
    function test_OpenMany_RevertWhen_Borrowed() external {
        OpenArgs[] memory a = _pairOfOffers();
        a[1].offerProof[0] = keccak256("another root");
        vm.expectEmit(address(market));
        emit OpenSkipped(1, BadOfferSignature.selector);
        market.openMany(a, false);

        // The provider put an offer in another's name under his own root.
        a = new OpenArgs[](2);
        a[0] = _args(3);
        a[1] = _args(4);
        a[1].offer.provider = stranger;
        a[1].orderSig = _sign(clientKey, hashOf(a[1].order));
        bytes32[2] memory leaves = [offerLeaf(a[0].offer), offerLeaf(a[1].offer)];
        for (uint256 i = 0; i < 2; ++i) {
            a[i].offerProof = new bytes32[](1);
            a[i].offerProof[0] = leaves[1 - i];
            a[i].offerSig = "";
        }
        a[0].offerSig = _sign(providerKey, batchHash(pair(leaves[0], leaves[1])));
        vm.expectEmit(address(market));
        emit OpenSkipped(1, BadOfferSignature.selector);
        market.openMany(a, false);
        assertFalse(_idle(3));

        // A single offer always carries its own signature.
        a = new OpenArgs[](1);
        a[0] = _args(7);
        a[0].offerSig = "";
        vm.expectEmit(address(market));
        emit OpenSkipped(0, BadOfferSignature.selector);
        market.openMany(a, false);
    }

    // @tree it should lend that signature to no opening outside a batch
    function test_Open_RevertWhen_Borrowed() external {
        OpenArgs[] memory a = _pairOfOffers();
        OpenArgs[] memory first = new OpenArgs[](1);
        first[0] = a[0];
        market.openMany(first, false);
        assertFalse(_idle(1));
        vm.expectRevert(abi.encodeWithSelector(BadOfferSignature.selector));
        market.open(a[1]);
    }

    /// @dev Where item `i` of a batch lies in the memory of its calldata: behind selector, array offset, flag and length
    /// stands the table of the items' offsets.
    function _item(bytes memory data, uint256 i) private pure returns (uint256 place) {
        assembly {
            let table := add(data, 0x84)
            place := add(table, mload(add(table, shl(5, i))))
        }
    }

    // @tree it should let an item read nothing of the next one
    function test_OpenMany_Apart() external {
        OpenArgs[] memory a = new OpenArgs[](2);
        (a[0], a[1]) = (_args(1), _args(2));
        bytes memory sig = a[0].offerSig;
        a[0].offerSig = "";
        bytes memory data = abi.encodeCall(market.openMany, (a, false));
        (uint256 first, uint256 second) = (_item(data, 0), _item(data, 1));
        assembly {
            // The right signature lies where the second item begins, and the first one's offerSig leads there.
            mcopy(second, sig, 0x80)
            mstore(add(first, 0x360), sub(second, first))
        }
        vm.expectEmit(address(market));
        emit OpenSkipped(0, BadOfferSignature.selector);
        (bool ok, ) = address(market).call(data);
        assertTrue(ok);
        assertTrue(_idle(1));
    }

    // @tree it should name no reason where there is none, whatever the item before said
    function test_OpenMany_NoReason() external {
        OpenArgs[] memory a = new OpenArgs[](2);
        (a[0], a[1]) = (_args(1), _args(2));
        a[0].offerSig = "";
        bytes memory data = abi.encodeCall(market.openMany, (a, false));
        uint256 second = _item(data, 1);
        assembly {
            // A dirty bit in order.gang, at which the compiler's own check fails.
            let gang := add(second, 0x300)
            mstore(gang, shl(255, 1))
        }
        vm.expectEmit(address(market));
        emit OpenSkipped(0, BadOfferSignature.selector);
        vm.expectEmit(address(market));
        emit OpenSkipped(1, 0);
        (bool ok, ) = address(market).call(data);
        assertTrue(ok);
    }

    // @tree it should refuse members of a gang
    function test_OpenMany_Gang() external {
        OpenArgs[] memory a = new OpenArgs[](1);
        a[0] = _gang(1, 9, 1);
        vm.expectEmit(address(market));
        emit OpenSkipped(0, GangOutsideBatch.selector);
        market.openMany(a, false);
    }

    // @tree it should refuse a batch that is not encoded in order
    function test_OpenMany_RevertWhen_OutOfOrder() external {
        OpenArgs[] memory a = new OpenArgs[](2);
        a[0] = _args(1);
        a[1] = _args(2);
        bytes memory data = abi.encodeCall(market.openMany, (a, false));
        assembly {
            let first := mload(add(data, 0x84))
            mstore(add(data, 0x84), mload(add(data, 0xa4)))
            mstore(add(data, 0xa4), first)
        }
        (bool ok, bytes memory why) = address(market).call(data);
        assertFalse(ok);
        assertEq(bytes4(why), BadBatchEncoding.selector);
    }

    // @tree it should keep its item function to itself
    function test_OpenPart_RevertWhen_Called() external {
        OpenArgs memory a = _args(1);
        vm.expectRevert(abi.encodeWithSelector(OnlySelf.selector));
        market.openPart(a);
    }

    /* ALL OR NONE */

    // @tree it should open all
    function test_OpenAll() external {
        market.openMany(_pairOfOffers(), true);
        assertFalse(_idle(1));
        assertFalse(_idle(2));
    }

    // @tree it should open none when one fails
    function test_OpenAll_RevertWhen_OneFails() external {
        OpenArgs[] memory a = new OpenArgs[](2);
        a[0] = _args(1);
        a[1] = _args(1);
        vm.expectRevert(abi.encodeWithSelector(UnitBusy.selector, provider, 1));
        market.openMany(a, true);
        assertTrue(_idle(1));
        assertEq(_cash(client), CASH);
    }

    // @tree it should open whole gangs beside single orders
    function test_OpenAll_Gangs() external {
        OpenArgs[] memory a = new OpenArgs[](6);
        a[0] = _args(1);
        a[1] = _gang(2, 5, 2);
        a[2] = _gang(3, 5, 2);
        a[3] = _gang(4, 6, 1);
        a[4] = _args(5);
        a[5] = _gang(6, 7, 1);
        market.openMany(a, true);
        for (uint64 unit = 1; unit <= 6; ++unit) {
            assertFalse(_idle(unit));
        }
    }

    // @tree it should refuse a gang with a member missing or of another client
    function test_OpenAll_RevertWhen_GangIncomplete() external {
        OpenArgs[] memory a = new OpenArgs[](2);
        a[0] = _gang(1, 5, 3);
        a[1] = _gang(2, 5, 3);
        bytes memory why = abi.encodeWithSelector(GangIncomplete.selector, a[0].order.gang);
        vm.expectRevert(why);
        market.openMany(a, true);
        a[0] = _gang(1, 5, 2);
        a[1] = _gang(2, 6, 2);
        why = abi.encodeWithSelector(GangIncomplete.selector, a[0].order.gang);
        vm.expectRevert(why);
        market.openMany(a, true);
        a[1] = _gang(2, 5, 2);
        a[1].order.client = stranger;
        vm.expectRevert(why);
        market.openMany(a, true);
        a[1] = _args(2);
        vm.expectRevert(why);
        market.openMany(a, true);
    }

    // @tree it should refuse a gang of size zero
    function test_OpenAll_RevertWhen_GangOfNone() external {
        OpenArgs[] memory a = new OpenArgs[](1);
        a[0] = _gang(1, 5, 0);
        vm.expectRevert(abi.encodeWithSelector(GangIncomplete.selector, a[0].order.gang));
        market.openMany(a, true);
    }

    // @tree it should refuse a member of a gang outside a batch
    function test_Open_RevertWhen_Gang() external {
        OpenArgs memory a = _gang(1, 5, 1);
        vm.expectRevert(abi.encodeWithSelector(GangOutsideBatch.selector, a.order.gang));
        market.open(a);
    }
}
