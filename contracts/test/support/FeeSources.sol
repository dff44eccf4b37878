// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFeeSource} from "../../src/interfaces/IFeeSource.sol";

/// @dev A discount for one pair of accounts.
contract AnsweringSource is IFeeSource {
    address private immutable CLIENT;
    address private immutable PROVIDER;
    uint256 private immutable BPS;

    constructor(address client, address provider, uint256 bps) {
        CLIENT = client;
        PROVIDER = provider;
        BPS = bps;
    }

    function discountBps(address client, address provider) external view returns (uint256) {
        return client == CLIENT && provider == PROVIDER ? BPS : 0;
    }
}

/// @dev Burns all the gas that it is given.
contract BurningSource is IFeeSource {
    function discountBps(address, address) external pure returns (uint256) {
        while (true) {}
        return 10_000;
    }
}

/// @dev Fails, with a number where an answer would be.
contract FailingSource is IFeeSource {
    uint256 private immutable BPS;

    constructor(uint256 bps) {
        BPS = bps;
    }

    function discountBps(address, address) external view returns (uint256) {
        uint256 bps = BPS;
        assembly ("memory-safe") {
            mstore(0x00, bps)
            revert(0x00, 0x20)
        }
    }
}
