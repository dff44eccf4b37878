// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ILeaseMarket} from "../interfaces/ILeaseMarket.sol";
import {Cash} from "./Cash.sol";

/// @title Bounded parameters and fees
/// @dev Roles set parameters within bounds fixed in the code. None of them can move cash, credit or escrow, or stop
/// settle, close, requestClose, finalizeClose, withdraw, cancelAll or revokeMandate.
abstract contract Administration is Cash, AccessManaged {
    using SafeERC20 for IERC20;

    /// @inheritdoc ILeaseMarket
    function listToken(address token, uint16 feeBps) external restricted {
        if (token == address(0)) revert ZeroAddress();
        if (feeBps > MAX_FEE_BPS) revert OutOfBounds();
        uint256 word = _token[token];
        if (word & LISTED == 0) {
            if (_tokens.length == MAX_TOKENS) revert TooManyTokens();
            if (IERC20(token).totalSupply() > type(uint128).max) revert OutOfBounds();
            _tokens.push(token);
            _fees[uint160(token)].value |= FEES_TOUCHED;
            word = LISTED | uint160(_feeSource);
        }
        word &= ~(uint256(type(uint16).max) << FEE_BPS_SHIFT);
        _token[token] = word | (uint256(feeBps) << FEE_BPS_SHIFT);
        emit TokenListed(token, feeBps);
    }

    /// @inheritdoc ILeaseMarket
    function pause(address token) external restricted {
        _setPaused(token, true);
    }

    /// @inheritdoc ILeaseMarket
    function unpause(address token) external restricted {
        _setPaused(token, false);
    }

    /// @inheritdoc ILeaseMarket
    function setFeeSink(address sink) external restricted {
        if (sink == address(this)) revert OutOfBounds();
        _feeSink = sink;
        emit FeeSinkSet(sink);
    }

    /// @inheritdoc ILeaseMarket
    function setFeeAuction(address auction) external restricted {
        if (auction == address(this)) revert OutOfBounds();
        _feeAuction = auction;
        emit FeeAuctionSet(auction);
    }

    /// @inheritdoc ILeaseMarket
    function setFeeSource(address source) external restricted {
        _feeSource = source;
        for (uint256 i = 0; i < _tokens.length; ++i) {
            address token = _tokens[i];
            _token[token] = (_token[token] & ~uint256(type(uint160).max)) | uint160(source);
        }
        emit FeeSourceSet(source);
    }

    /// @inheritdoc ILeaseMarket
    function setBurnBps(uint16 bps) external restricted {
        if (bps < MIN_BURN_BPS || bps > BPS) revert OutOfBounds();
        _burnBps = bps;
        emit BurnShareSet(bps);
    }

    /// @inheritdoc ILeaseMarket
    function collectFees(address token) external nonReentrant {
        uint256 fees = uint128(_fees[uint160(token)].value);
        if (fees == 0) revert NothingToCollect();
        address to = token == GP ? _feeSink : _feeAuction;
        if (to == address(0)) {
            if (token == GP) revert NoFeeSink();
            revert NoFeeAuction();
        }
        _fees[uint160(token)].value = FEES_TOUCHED;
        // The sink gets what does not divide, never more.
        uint256 burned = token == GP ? (fees * _burnBps) / BPS : 0;
        emit FeesCollected(token, uint128(burned), to, uint128(fees - burned));
        if (burned != 0) ERC20Burnable(token).burn(burned);
        if (fees != burned) IERC20(token).safeTransfer(to, fees - burned);
    }

    /// @inheritdoc ILeaseMarket
    function tokenOf(address token) external view returns (bool listed, bool paused, uint16 feeBps) {
        uint256 word = _token[token];
        return (word & LISTED != 0, word & PAUSED != 0, uint16(word >> FEE_BPS_SHIFT));
    }

    /// @inheritdoc ILeaseMarket
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc ILeaseMarket
    function feesOf(address token) external view returns (uint128) {
        return uint128(_fees[uint160(token)].value);
    }

    /// @inheritdoc ILeaseMarket
    function feeSettings() external view returns (address sink, uint16 burnBps, address auction, address source) {
        return (_feeSink, _burnBps, _feeAuction, _feeSource);
    }

    function _setPaused(address token, bool paused) private {
        if (token != address(0)) {
            if (_token[token] & LISTED == 0) revert TokenNotListed(token);
            _setTokenPaused(token, paused);
        } else {
            for (uint256 i = 0; i < _tokens.length; ++i) {
                _setTokenPaused(_tokens[i], paused);
            }
        }
    }

    function _setTokenPaused(address token, bool paused) private {
        _token[token] = paused ? _token[token] | PAUSED : _token[token] & ~PAUSED;
        emit EntryPaused(token, paused);
    }
}
