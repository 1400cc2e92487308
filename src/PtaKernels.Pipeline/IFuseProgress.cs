namespace PtaKernels.Pipeline;

/// <summary>What a run tells while it works.</summary>
public interface IFuseProgress
{
    /// <summary>A stage runs.</summary>
    /// <param name="title">Its name.</param>
    /// <param name="unit">What it counts.</param>
    /// <param name="work">The stage; it calls its argument with units done so far and the share of the whole, 0..1.</param>
    void Run(string title, string unit, Action<Action<long, double>> work);

    /// <summary>A stage ended.</summary>
    /// <param name="title">Its name.</param>
    /// <param name="outcome">A few words on what it made.</param>
    /// <param name="seconds">What it took, now or when it ran.</param>
    /// <param name="reused">Whether it had been finished before.</param>
    void Done(string title, string outcome, double seconds, bool reused);

    /// <summary>A sentence that a user should know.</summary>
    void Notice(string sentence);
}
