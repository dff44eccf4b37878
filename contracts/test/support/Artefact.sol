// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CommonBase} from "forge-std/Base.sol";

/// @dev Deploys what is committed in artifacts/, which is what deployments use, and not another compilation of its
/// source. Run `npm run build` after a change of the source, or the tests see the old code. Mutation runs name another
/// folder in COREPOOL_ARTIFACTS.
abstract contract Artefact is CommonBase {
    /// @dev Deploys artifacts/`name`.json with the encoded constructor arguments.
    function _deployArtefact(string memory name, bytes memory args) internal returns (address deployed) {
        string memory folder = vm.envOr("COREPOOL_ARTIFACTS", string("artifacts"));
        string memory json = vm.readFile(string.concat(folder, "/", name, ".json"));
        bytes memory code = bytes.concat(vm.parseJsonBytes(json, ".bytecode"), args);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), string.concat(name, ": the artefact does not deploy"));
    }
}
