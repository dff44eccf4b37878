// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev I11 of GP with one bridge: what exists here and what is bridged out never pass the cap, so that all of it can
/// come back; the bridge's net mint stays below its ceiling.
contract BridgeModel {
    uint256 private constant CAP = 1_000_000_000e18;
    uint256 private immutable CEILING;

    uint256 private supply;
    uint256 private bridgedOut;
    uint256 private minted;
    uint256 private burned;

    constructor(uint128 ceiling) {
        CEILING = ceiling;
    }

    function withinCap() external view {
        assert(supply + bridgedOut <= CAP);
        assert(bridgedOut == _sub(burned, minted));
        assert(minted <= burned + CEILING);
    }

    function mint(uint256 amount) external {
        require(amount <= CAP - (supply + bridgedOut)); // seeded room-forgets-bridged-out: require(amount <= CAP - supply);
        supply += amount;
    }

    function burn(uint256 amount) external {
        require(amount <= supply);
        supply -= amount;
    }

    function crosschainMint(uint256 value) external {
        require(value <= type(uint128).max - minted);
        uint256 next = minted + value;
        require(next <= burned || next - burned <= CEILING); // seeded ceiling-of-one-mint: require(value <= CEILING);
        uint256 returned = _sub(burned, minted) - _sub(burned, next);
        require(value - returned <= CAP - (supply + bridgedOut));
        bridgedOut -= returned; // seeded return-not-booked:
        minted = next;
        supply += value;
    }

    function crosschainBurn(uint256 value) external {
        require(value <= supply && value <= type(uint128).max - burned);
        uint256 next = burned + value;
        bridgedOut += _sub(next, minted) - _sub(burned, minted);
        burned = next;
        supply -= value;
    }

    function _sub(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }
}
