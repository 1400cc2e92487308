using PtaKernels.Training;

namespace PtaKernels.Pipeline.Planning;

/// <summary>How long models take: on devices by counted operations over an assumed rate, on processors by a timed step of the model itself, or by operations over a rate of matrix products.</summary>
internal sealed class ModelRates
{
    /// <summary>Operations of a round up to which a model is made, with random weights, and timed: about ten seconds of a core.</summary>
    private const double MostOperations = 5e11;

    private const string Here = "measured here";

    private readonly PlanRequest _request;
    private readonly RatesFile[] _files;
    private readonly Action<string, Estimate, string> _assume;
    private readonly Action<string> _leaveOut;
    private (Estimate Rate, string From)? _device, _processor;
    private bool _looked, _noTorch, _isFiled;

    /// <summary>Takes a request.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="files">Results of other measurements.</param>
    /// <param name="assume">Notes a number that the forecast rests on.</param>
    /// <param name="leaveOut">Notes what is not there.</param>
    public ModelRates(PlanRequest request, RatesFile[] files, Action<string, Estimate, string> assume, Action<string> leaveOut) =>
        (_request, _files, _assume, _leaveOut) = (request, files, assume, leaveOut);

    private Estimate Share => new(_request.Utilisation, _request.Utilisation / 2, Math.Min(1, 1.5 * _request.Utilisation));

    /// <summary>Adds a model's hours to a stage.</summary>
    /// <param name="cost">The stage, without hours.</param>
    /// <param name="model">The model.</param>
    /// <param name="operations">Its operations per token.</param>
    /// <param name="tokens">Tokens of a round.</param>
    /// <param name="time">Times the model of a configuration: [rounds] seconds per token by the clock, on all cores, and of all threads.</param>
    public StageCost Apply(StageCost cost, ModelCost model, double operations, int tokens, Func<ModelConfig, (double Clock, double Processor)[]> time)
    {
        Look();
        if (_device is { } device)
            return cost with { DeviceSeconds = cost.Tokens.Times(Inverse(device.Rate)).Times(operations), From = $"hours {device.From}; {cost.From}" };
        if (_request.Machines.Gpus > 0)
            return cost;
        if (operations * tokens <= MostOperations && Timed(cost, model, time) is { } timed)
            return timed;
        if (_processor is not { } processor)
            return cost;
        Estimate seconds = cost.Tokens.Times(Inverse(processor.Rate)).Times(operations);
        return cost with { CoreSeconds = seconds, BusySeconds = seconds, From = $"hours {processor.From}; {cost.From}" };
    }

    private StageCost? Timed(StageCost cost, ModelCost model, Func<ModelConfig, (double Clock, double Processor)[]> time)
    {
        if (model.Config is not { } config || _noTorch || _isFiled)
            return null;
        (double Clock, double Processor)[] rounds = time(config);
        Estimate busy = Between([.. rounds.Select(static r => r.Clock * Environment.ProcessorCount)]);
        _assume($"{model.Name}, {cost.Stage}, tokens per second and core, all cores at work", Inverse(busy), $"{Here}: a model of its shapes with random weights, {rounds.Length} rounds, from the least to the most");
        return cost with { CoreSeconds = cost.Tokens.Times(Between([.. rounds.Select(static r => r.Processor)])), BusySeconds = cost.Tokens.Times(busy), From = $"hours {Here}; {cost.From}" };
    }

    /// <summary>Finds the rates once they are asked for.</summary>
    private void Look()
    {
        if (_looked)
            return;
        _looked = true;
        if (_request.Machines.Gpus > 0)
            LookForDevice();
        else if (_files.Select(static f => (File: f, Rate: f.TrainingRate())).FirstOrDefault(static f => f.Rate is not null) is (var file, { } rate))
        {
            _isFiled = true;
            Found(Estimate.Exactly(rate), $"{file.Name}, train.step on one thread", "a core, floating-point operations per second in training");
        }
        else
        {
            LookForProducts();
        }
    }

    private void LookForDevice()
    {
        if (_request.DeviceFlops is null && _request.Device is null)
        {
            _leaveOut("GPU hours: --gpus says how many devices there are, but nothing how fast they are; give --device-flops or --device.");
            return;
        }

        double peak = _request.DeviceFlops ?? DeviceKinds.RateOf(_request.Device!);
        string from = (_request.DeviceFlops is null ? $"assumed: what the maker of {_request.Device} states" : "assumed: --device-flops") + ", never measured";
        _device = (Share.Times(peak), from);
        _assume("a device, floating-point operations per second", Estimate.Exactly(peak), from);
        _assume("share of that rate that a model reaches", Share, "assumed: --utilisation, from half of it to one and a half times");
    }

    private void LookForProducts()
    {
        try
        {
            double[] rounds = [.. MultiplicationRate.Measure(_request.Rounds, 0.1).Select(static r => r / Environment.ProcessorCount)];
            Found(Between(rounds).Times(Share), $"{Here}: matrix products, and --utilisation assumed", "a core, floating-point operations per second: matrix products times --utilisation, from half of it to one and a half times");
        }
        catch (TorchException e)
        {
            _noTorch = true;
            _leaveOut($"Hours of capture and train: {e.Message.TrimEnd('.')}; or give --gpus with --device-flops, or results of `pta bench` with --rates.");
        }
    }

    private void Found(Estimate rate, string from, string what)
    {
        _processor = (rate, from);
        _assume(what, rate, from);
    }

    private static Estimate Between(double[] rounds) => new(DocumentBootstrap.Median(rounds), rounds.Min(), rounds.Max());

    private static Estimate Inverse(Estimate rate) => new(1 / rate.Value, 1 / rate.High, 1 / rate.Low);
}
