// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Bridgeable} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC20Bridgeable.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IGPToken} from "./interfaces/IGPToken.sol";

/// @title GPToken
/// @notice GP: pays, stakes, rewards and governs. Immutable; at most `cap()` can exist on this chain.
/// @dev Votes are counted by timestamp. ERC-3009 nonces are random and single-use, as x402 payers expect.
/// A bridge burns its own balance, or a holder's within the allowance that the holder gave it: ERC-7802 leaves the
/// check to the token, and a stolen bridge must not be able to burn what nobody entrusted to it.
contract GPToken is
    IGPToken,
    ERC20,
    ERC20Burnable,
    ERC20Capped,
    ERC20Permit,
    ERC20Votes,
    ERC3009,
    ERC20Bridgeable,
    AccessManaged
{
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @dev The two entries of every bridge's limiter.
    bytes32 private constant MINT = "mint";
    bytes32 private constant BURN = "burn";

    mapping(address bridge => Bridge) private _bridges;
    mapping(address bridge => RateLimiter.RefillingBucket) private _buckets;

    /// @inheritdoc IGPToken
    uint256 public bridgedOut;

    /// @param authority_ The AccessManager that decides who may mint and who sets bridges.
    constructor(
        address authority_
    ) ERC20("Corepool GP", "GP") ERC20Permit("Corepool GP") ERC20Capped(1_000_000_000e18) AccessManaged(authority_) {}

    /// @inheritdoc IGPToken
    function mint(address to, uint256 amount) external restricted {
        _checkRoom(amount);
        _mint(to, amount);
    }

    /// @inheritdoc IGPToken
    function setBridge(address bridge, uint208 capacity, uint48 window, uint128 ceiling) external restricted {
        require(bridge != address(0) && capacity != 0 && window != 0, GPToken_BadBridge());
        Bridge storage b = _bridges[bridge];
        b.enabled = true;
        b.ceiling = ceiling;
        RateLimiter.RefillingBucket storage bucket = _buckets[bridge];
        // Settle what refilled so far at the old rate: the new rate counts from now.
        bucket.sync(MINT);
        bucket.sync(BURN);
        bucket.updateSettings(window, capacity);
        emit BridgeSet(bridge, capacity, window, ceiling);
    }

    /// @inheritdoc IGPToken
    function disableBridge(address bridge) external restricted {
        _checkTokenBridge(bridge);
        _bridges[bridge].enabled = false;
        emit BridgeDisabled(bridge);
    }

    /// @inheritdoc ERC20Bridgeable
    /// @custom:error GPToken_NotABridge when the caller is not an enabled bridge.
    /// @custom:error RateLimitExceeded when its bucket holds less.
    /// @custom:error GPToken_AboveCeiling when its net amount would pass its ceiling.
    /// @custom:error GPToken_AboveCap when supply and bridged-out amount would pass the cap.
    function crosschainMint(address to, uint256 value) public override {
        _checkTokenBridge(msg.sender);
        _buckets[msg.sender].consume(MINT, value);
        Bridge storage b = _bridges[msg.sender];
        (uint256 minted, uint256 burned) = (b.minted + value, b.burned);
        if (minted > burned) {
            require(minted - burned <= b.ceiling, GPToken_AboveCeiling(msg.sender, minted - burned, b.ceiling));
        }
        // What comes back was bridged out until now: that part takes no new room under the cap.
        uint256 returned = _sub(burned, b.minted) - _sub(burned, minted);
        _checkRoom(value - returned);
        bridgedOut -= returned;
        b.minted = SafeCast.toUint128(minted);
        super.crosschainMint(to, value);
    }

    /// @inheritdoc ERC20Bridgeable
    /// @custom:error GPToken_NotABridge when the caller is not an enabled bridge.
    /// @custom:error ERC20InsufficientAllowance when `from` is neither the bridge nor has entrusted `value` to it.
    /// @custom:error RateLimitExceeded when its bucket holds less.
    function crosschainBurn(address from, uint256 value) public override {
        _checkTokenBridge(msg.sender);
        if (from != msg.sender) _spendAllowance(from, msg.sender, value);
        _buckets[msg.sender].consume(BURN, value);
        Bridge storage b = _bridges[msg.sender];
        (uint256 minted, uint256 burned) = (b.minted, b.burned + value);
        bridgedOut += _sub(burned, minted) - _sub(b.burned, minted);
        b.burned = SafeCast.toUint128(burned);
        super.crosschainBurn(from, value);
    }

    /// @inheritdoc IGPToken
    function bridgeOf(address bridge) external view returns (Bridge memory) {
        return _bridges[bridge];
    }

    /// @inheritdoc IGPToken
    function bridgeAvailable(address bridge) external view returns (uint256 mintable, uint256 burnable) {
        if (!_bridges[bridge].enabled) return (0, 0);
        return (_buckets[bridge].available(MINT), _buckets[bridge].available(BURN));
    }

    /// @notice The clock of votes (ERC-6372): seconds since the epoch.
    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @notice How the clock is to be read (ERC-6372).
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @notice The next nonce of `owner` for permits and votes by signature.
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @dev Holds `totalSupply() + bridgedOut <= cap()`, so that what is bridged out can always come back.
    function _checkRoom(uint256 amount) private view {
        uint256 taken = totalSupply() + bridgedOut;
        require(amount <= cap() - taken, GPToken_AboveCap(taken, cap()));
    }

    /// @dev Subtraction that stops at zero.
    function _sub(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    function _checkTokenBridge(address caller) internal view override {
        require(_bridges[caller].enabled, GPToken_NotABridge(caller));
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped, ERC20Votes) {
        super._update(from, to, value);
    }
}
