using System.CommandLine;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary><c>pta new-model</c>: a student with random weights, to be trained from nothing.</summary>
internal static class NewModelCommand
{
    public static Command Create()
    {
        var config = new Option<string>("--config") { Description = "folder whose config.json says what the model is; its tokenizer goes along", HelpName = "folder", Required = true };
        var output = new Option<string>("--out") { Description = "the new checkpoint", HelpName = "folder", Required = true };
        var seed = ValueOption.Count("--seed", "which weights", 42);
        var type = ValueOption.OneOf("--type", "type of the weights in the files", "bfloat16", "float16", "float32");
        var force = new Option<bool>("--force") { Description = "replace an existing checkpoint" };
        var verb = new Verb(
            "new-model", "Write a checkpoint with random weights (normal, 0.02; factors of norms 1, biases 0), to be trained from nothing.",
            "pta new-model --config small/ --out student/ --seed 1")
        {
            config, output, seed, type, force,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            ModelConfig model = ModelFiles.ReadConfig(parse.GetValue(config)!, terminal.Notice);
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            string folder = parse.GetValue(output)!;
            ModelFiles.CreateRandom(folder, model, (ulong)(uint)parse.GetValue(seed), ValueOption.TypeOf(parse.GetValue(type)!), replace: parse.GetValue(force), definition: parse.GetValue(config));
            terminal.Output.WriteLine(FormattableString.Invariant($"{model.Family}, {ModelFiles.Parameters(model) / 1e6:F1} M parameters: {folder}"));
            return 0;
        }, cancellation));
        return verb;
    }
}
