using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>How one problem ended, as kernels write it.</summary>
internal struct DeviceOutcome
{
    /// <summary>Status of a problem that a kernel left to the host; <see cref="TransportKernels.HandOver"/> replaces it.</summary>
    public const int Handed = -1;

    /// <summary>A <see cref="TransportStatus"/>, or <see cref="Handed"/>.</summary>
    public int Status;

    /// <summary>Loop bodies of the solver.</summary>
    public int Iterations;

    /// <summary>As <see cref="TransportOutcome.MarginalError"/>.</summary>
    public double MarginalError;
}

/// <summary>A batch of transport problems on the device. Problem p uses the leading [RowCounts[p], ColumnCounts[p]] corner of its matrices.</summary>
internal struct TransportQueue
{
    /// <summary>Number of problems.</summary>
    public int Batch;

    /// <summary>n, 1..64: rows of every matrix.</summary>
    public int Rows;

    /// <summary>m, 1..64: columns of every matrix.</summary>
    public int Columns;

    /// <summary>[batch, n, m] edit distances 0..254.</summary>
    public ArrayView<byte> Cost;

    /// <summary>[batch, n] masses of the rows.</summary>
    public ArrayView<double> A;

    /// <summary>[batch, m] masses of the columns; empty for <see cref="TransportKind.SemiRelaxed"/> if need be.</summary>
    public ArrayView<double> B;

    /// <summary>[batch] rows in use, 0..n: with 0 the problem is skipped and nothing of it is written. Empty: all of them.</summary>
    public ArrayView<int> RowCounts;

    /// <summary>[batch] columns in use, 1..m. Empty: all of them.</summary>
    public ArrayView<int> ColumnCounts;

    /// <summary>[batch, n, m] receives the plans, 0 outside the corner.</summary>
    public ArrayView<double> Plan;

    /// <summary>[batch, n] receives f under <see cref="TransportKind.Balanced"/>, −∞ outside the corner; not written by the others. Or empty.</summary>
    public ArrayView<double> F;

    /// <summary>[batch, m] receives g, likewise. Or empty.</summary>
    public ArrayView<double> G;

    /// <summary>[batch] receives how each problem ended.</summary>
    public ArrayView<DeviceOutcome> Outcomes;
}
