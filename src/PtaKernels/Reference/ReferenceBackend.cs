namespace PtaKernels.Reference;

/// <summary>The plain backend: loops over the steps, one after the other, in the order of the specification. The oracle of the fast ones.</summary>
public sealed partial class ReferenceBackend : IKernelBackend
{
    /// <inheritdoc/>
    public string Name => "reference";

    /// <inheritdoc/>
    public string Isa => "portable";
}
