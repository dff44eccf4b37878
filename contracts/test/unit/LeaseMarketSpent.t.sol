// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Offer, OpenArgs, Order, Terms} from "../../src/interfaces/ILeaseMarket.sol";
import {MarketBase} from "../support/MarketBase.sol";

contract LeaseMarketSpentTest is MarketBase {
    function _refuse(OpenArgs memory a, bytes memory why) private {
        vm.prank(relayer);
        vm.expectRevert(why);
        market.open(a);
    }

    function _refuse(OpenArgs memory a, bytes4 why) private {
        _refuse(a, abi.encodeWithSelector(why));
    }

    /* SPENT */

    // @tree it should refuse an order a second time
    function test_Open_RevertWhen_OrderSpent() external {
        OpenArgs memory a = _args(1);
        Terms memory t = _openWith(a);
        OpenArgs memory again = _args(_offer(2), a.order);
        _refuse(again, abi.encodeWithSelector(NonceUsed.selector, a.order.nonce));
        market.settle(_final(t, 0));
        _refuse(a, abi.encodeWithSelector(NonceUsed.selector, a.order.nonce));
    }

    // @tree it should refuse nonce zero and a nonce that left the window
    function test_Open_RevertWhen_NonceTooOld() external {
        Order memory order = _order();
        order.nonce = 0;
        _refuse(_args(_offer(1), order), abi.encodeWithSelector(NonceTooOld.selector, 0));
        order.nonce = 65;
        _openWith(_args(_offer(1), order));
        order.nonce = 1;
        _refuse(_args(_offer(2), order), abi.encodeWithSelector(NonceTooOld.selector, 1));
        order.nonce = 2;
        _assertLive(_openWith(_args(_offer(2), order)));
    }

    // @tree it should accept the 63 nonces below the highest once each
    function test_Open_Window() external {
        Order memory order = _order();
        order.duration = 60;
        order.nonce = 1000;
        _openWith(_args(_offer(0), order));
        for (uint32 back = 63; back > 0; --back) {
            order.nonce = 1000 - back;
            _openWith(_args(_offer(back), order));
        }
        (, uint32 counter, uint32 top, uint64 window) = market.accountOf(address(gp), client);
        assertEq(counter, 1);
        assertEq(top, 1000);
        assertEq(window, type(uint64).max);
        for (uint32 back = 0; back < 64; ++back) {
            order.nonce = 1000 - back;
            _refuse(_args(_offer(100), order), abi.encodeWithSelector(NonceUsed.selector, 1000 - back));
        }
    }

    // @tree it should take the window along to a higher nonce
    function test_Open_WindowSlides() external {
        Order memory order = _order();
        order.duration = 60;
        uint32[5] memory nonces = [uint32(1), 3, 66, 130, 200];
        // The bits of 1 and 3; of 3 at the window's very end; none of them any more.
        uint64[5] memory windows = [uint64(1), 5, (1 << 63) | 1, 1, 1];
        for (uint64 i = 0; i < nonces.length; ++i) {
            order.nonce = nonces[i];
            _openWith(_args(_offer(i), order));
            (, , uint32 top, uint64 window) = market.accountOf(address(gp), client);
            assertEq(top, nonces[i]);
            assertEq(window, windows[i]);
        }
    }

    // @tree it should refuse an offer and an order of an older counter
    function test_Open_RevertWhen_Cancelled() external {
        OpenArgs memory a = _args(1);
        vm.prank(provider);
        market.cancelAll();
        _refuse(a, abi.encodeWithSelector(OfferCancelled.selector, 1));
        Offer memory offer = _offer(1);
        offer.counter = 2;
        a = _args(offer, _order());
        vm.prank(client);
        market.cancelAll();
        _refuse(a, abi.encodeWithSelector(OrderCancelled.selector, 1));
        Order memory order = _order();
        order.counter = 2;
        order.nonce = 1; // the window started anew
        _assertLive(_openWith(_args(offer, order)));
    }

    // @tree it should refuse a unit that is leased
    function test_Open_RevertWhen_UnitBusy() external {
        Terms memory t = _open(1);
        OpenArgs memory a = _args(1);
        _refuse(a, abi.encodeWithSelector(UnitBusy.selector, provider, 1));
        market.settle(_note(t, RATE));
        _refuse(a, abi.encodeWithSelector(UnitBusy.selector, provider, 1));
    }

    // @tree it should refuse more escrow than the client has
    function test_Open_RevertWhen_Poor() external {
        vm.prank(client);
        market.withdraw(address(gp), client, CASH - 5);
        uint128 escrow = uint128(RATE) * 3600;
        _refuse(_args(1), abi.encodeWithSelector(InsufficientCash.selector, 5, escrow));
    }

    /* SIGNATURES */

    // @tree it should refuse an offer that its provider did not sign
    function test_Open_RevertWhen_OfferForged() external {
        OpenArgs memory a = _args(1);
        a.offerSig = _sign(clientKey, hashOf(a.offer));
        _refuse(a, BadOfferSignature.selector);
        a.offerSig = "";
        _refuse(a, BadOfferSignature.selector);
        // A signed offer is no batch, and a batch is of its own offers only.
        a.offerSig = _sign(providerKey, batchHash(offerLeaf(_offer(2))));
        _refuse(a, BadOfferSignature.selector);
        a.offerSig = _sign(providerKey, hashOf(a.offer));
        a.offerProof = new bytes32[](1);
        _refuse(a, BadOfferSignature.selector);
    }

    // @tree it should refuse an order that its client did not sign
    function test_Open_RevertWhen_OrderForged() external {
        OpenArgs memory a = _args(1);
        a.orderSig = _sign(providerKey, hashOf(a.order));
        _refuse(a, BadOrderSignature.selector);
        a.orderSig = _sign(watchKey, hashOf(a.order));
        _refuse(a, BadOrderSignature.selector);
        a.orderSig = abi.encodePacked(_sign(clientKey, hashOf(a.order)), hex"00");
        _refuse(a, BadOrderSignature.selector);
        a.orderSig = "";
        _refuse(a, BadOrderSignature.selector);
    }

    // @tree it should refuse an unsigned order in the name of the market itself
    function test_Open_RevertWhen_MarketAsClient() external {
        _fund(address(market), CASH);
        OpenArgs[] memory many = new OpenArgs[](1);
        many[0] = _args(1);
        many[0].order.client = address(market);
        many[0].orderSig = "";
        vm.expectEmit(address(market));
        emit OpenSkipped(0, BadOrderSignature.selector);
        market.openMany(many, false);
        _refuse(many[0], BadOrderSignature.selector);
        assertEq(_cash(address(market)), CASH);
    }

    // @tree it should refuse any changed member of offer or order
    function test_Open_RevertWhen_Tampered() external {
        OpenArgs memory a = _args(1);
        bytes memory good = abi.encodeCall(market.open, (a));
        // 27 words of offer and order begin after selector and offset; a changed word fails whatever it means.
        for (uint256 word = 0; word < 27; ++word) {
            bytes memory bad = bytes.concat(good);
            uint256 place = 4 + 32 + 32 * word + 31;
            bad[place] = bytes1(uint8(bad[place]) ^ 1);
            (bool ok, ) = address(market).call(bad);
            assertFalse(ok, vm.toString(word));
        }
        (bool opened, ) = address(market).call(good);
        assertTrue(opened);
    }

    // @tree it should refuse an inner node of the batch as an offer
    function test_Open_RevertWhen_InnerNode() external {
        Offer memory offer = _offer(1);
        // The root of a batch whose leaf is the offer's hash, hashed once only.
        OpenArgs memory a = _args(offer, _order());
        a.offerProof = new bytes32[](1);
        a.offerProof[0] = keccak256("sibling");
        a.offerSig = _sign(providerKey, batchHash(pair(hashOf(offer), a.offerProof[0])));
        _refuse(a, BadOfferSignature.selector);
    }

    // @tree it should refuse the zero address as provider or client
    function test_Open_RevertWhen_ZeroSigner() external {
        Offer memory offer = _offer(1);
        offer.provider = address(0);
        OpenArgs memory a = _args(offer, _order());
        a.offerSig = _nobodys(); // recovers to zero
        _refuse(a, BadOfferSignature.selector);
        OpenArgs[] memory many = new OpenArgs[](1);
        many[0] = a;
        vm.expectEmit(address(market));
        emit OpenSkipped(0, BadOfferSignature.selector);
        market.openMany(many, false);
        Order memory order = _order();
        order.client = address(0);
        order.maxEscrow = type(uint128).max;
        _fund(address(this), 1);
        offer = _offer(1);
        offer.rate = 0; // nothing to pay: only the signature stands in the way
        a = _args(offer, order);
        a.orderSig = _nobodys();
        _refuse(a, BadOrderSignature.selector);
        // Nor is any other address what a failed recovery gives.
        order.client = address(1);
        a = _args(offer, order);
        a.orderSig = _nobodys();
        _refuse(a, BadOrderSignature.selector);
    }

    /// @dev What the precompile has no answer for.
    function _nobodys() private pure returns (bytes memory) {
        return abi.encodePacked(bytes32(0), bytes32(0), uint8(27));
    }

    /// @dev Sets one bit of `data`'s word that begins `at` bytes behind its length.
    function _dirty(bytes memory data, uint256 at, uint256 bit) private pure {
        assembly ("memory-safe") {
            let place := add(add(data, 0x20), at)
            mstore(place, xor(mload(place), shl(bit, 1)))
        }
    }

    // @tree it should refuse dirty high bits that nobody signed
    function test_Open_RevertWhen_Dirty() external {
        bytes memory good = abi.encodeCall(market.open, (_args(1)));
        for (uint256 word = 0; word < 27; ++word) {
            bytes memory bad = bytes.concat(good);
            _dirty(bad, 4 + 32 + 32 * word, 255);
            (bool ok, ) = address(market).call(bad);
            assertFalse(ok, vm.toString(word));
        }
    }

    // @tree it should give dirty high bits that somebody signed no meaning
    function test_Open_SignedDirty() external {
        uint16[27] memory width = [
            160, 160, 160, 64, 256, 96, 32, 32, 32, 40, 40, 32, 160, // Offer
            160, 160, 96, 96, 128, 32, 160, 256, 40, 32, 32, 64, 160, 256 // Order
        ];
        uint256 opened = 0;
        for (uint256 word = 0; word < 27; ++word) {
            if (width[word] == 256) continue;
            uint16[4] memory bits = [width[word], width[word] + 31, 224, 255];
            for (uint256 i = 0; i < 4; ++i) {
                if (bits[i] >= width[word] && bits[i] < 256 && _opensDirty(word, bits[i])) ++opened;
            }
        }
        assertGt(opened, 0); // else this proved nothing about signed dirt
    }

    /// @dev Whether a lease opens with one dirty bit that was signed. If so it is the lease that the clean words say, in
    /// the slot that they say, and it ends.
    function _opensDirty(uint256 word, uint256 bit) private returns (bool opened) {
        OpenArgs memory a = _args(1);
        bytes memory body = word < 13 ? abi.encode(a.offer) : abi.encode(a.order);
        _dirty(body, 32 * (word < 13 ? word : word - 13), bit);
        bytes32 signed = keccak256(bytes.concat(word < 13 ? OFFER : ORDER, body));
        if (word < 13) a.offerSig = _sign(providerKey, signed);
        else a.orderSig = _sign(clientKey, signed);
        Terms memory t = _termsOf(a, uint32(uint256(market.unitOf(provider, 1))), FEE_BPS);
        bytes memory data = abi.encodeCall(market.open, (a));
        _dirty(data, 4 + 32 + 32 * word, bit);
        (opened, ) = address(market).call(data);
        if (opened) {
            _assertLive(t);
            market.settle(_final(t, 0));
        }
        assertEq(uint256(market.unitOf(provider, 1)), opened ? uint256(t.seq) + 1 : t.seq);
        assertEq(_cash(client), CASH);
    }

    /* ENTRY */

    // @tree it should refuse a token that is not listed
    function test_Open_RevertWhen_NotListed() external {
        Offer memory offer = _offer(1);
        Order memory order = _order();
        offer.token = order.token = stranger;
        _refuse(_args(offer, order), abi.encodeWithSelector(TokenNotListed.selector, stranger));
    }

    // @tree it should refuse while the token is paused
    function test_Open_RevertWhen_Paused() external {
        OpenArgs memory a = _args(1);
        vm.prank(admin);
        market.pause(address(gp));
        _refuse(a, abi.encodeWithSelector(EntryIsPaused.selector, address(gp)));
        vm.prank(admin);
        market.unpause(address(gp));
        _assertLive(_openWith(a));
    }
}
