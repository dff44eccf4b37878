// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IGPToken
/// @notice What GP adds to ERC-20, ERC-2612, ERC-3009, ERC-5805, ERC-6372 and ERC-7802: emission, and bounds on bridges.
/// @dev Amounts are in base units (18 decimals). "Bridged out" is what bridges have burnt here beyond what they have
/// minted here: it exists elsewhere and may come back, so it counts against the cap:
/// `totalSupply() + bridgedOut() <= cap()` always.
interface IGPToken {
    /// @notice The bounds and the books of one bridge.
    struct Bridge {
        bool enabled; // may mint and burn now
        uint128 ceiling; // highest (minted - burned) allowed; zero lets only return what left
        uint128 minted; // ever, through this bridge
        uint128 burned; // ever, through this bridge
    }

    /// @notice A bridge was added or its bounds changed.
    /// @param bridge The bridge's address.
    /// @param capacity Most that may be minted, and most that may be burnt, at once; both buckets refill over `window`.
    /// @param window Seconds in which an empty bucket refills.
    /// @param ceiling Highest net amount minted through this bridge.
    event BridgeSet(address indexed bridge, uint208 capacity, uint48 window, uint128 ceiling);

    /// @notice A bridge was stopped; its books stay.
    /// @param bridge The bridge's address.
    event BridgeDisabled(address indexed bridge);

    /// @notice The caller is not an enabled bridge.
    error GPToken_NotABridge(address caller);

    /// @notice The bridge would have minted more, net of what it burnt, than its ceiling.
    error GPToken_AboveCeiling(address bridge, uint256 net, uint256 ceiling);

    /// @notice New tokens would pass the cap, counting what is bridged out.
    error GPToken_AboveCap(uint256 taken, uint256 cap);

    /// @notice A bridge needs an address, a capacity and a window above zero.
    error GPToken_BadBridge();

    /// @notice Mints new GP. Only for the holder of the emitter role.
    /// @param to Who receives it.
    /// @param amount How much, in base units.
    /// @custom:error GPToken_AboveCap when supply, bridged-out amount and `amount` together pass the cap.
    function mint(address to, uint256 amount) external;

    /// @notice Adds a bridge, or changes its bounds and enables it again. Its books and what its buckets hold are kept.
    /// @param bridge The bridge's address.
    /// @param capacity Size of its two rate buckets (one for minting, one for burning), in base units.
    /// @param window Seconds in which an empty bucket refills.
    /// @param ceiling Highest net amount minted through it, in base units.
    /// @custom:error GPToken_BadBridge when the address, the capacity or the window is zero.
    function setBridge(address bridge, uint208 capacity, uint48 window, uint128 ceiling) external;

    /// @notice Stops a bridge at once.
    /// @param bridge The bridge's address.
    /// @custom:error GPToken_NotABridge when it is not enabled.
    function disableBridge(address bridge) external;

    /// @notice The bounds and books of a bridge.
    /// @param bridge The bridge's address.
    /// @return The record; all zero for an address that never was a bridge.
    function bridgeOf(address bridge) external view returns (Bridge memory);

    /// @notice What a bridge's buckets still allow at this moment; the ceiling and the cap may allow less.
    /// @param bridge The bridge's address.
    /// @return mintable Base units.
    /// @return burnable Base units.
    function bridgeAvailable(address bridge) external view returns (uint256 mintable, uint256 burnable);

    /// @notice What bridges have burnt here beyond what they have minted here, summed over bridges.
    /// @return Base units.
    function bridgedOut() external view returns (uint256);
}
