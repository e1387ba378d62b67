import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { HISTORY_FENCES } from '../shared/sql/history-tables.ts';
import type { NodeFunction } from './node-function.ts';
import type { Settings } from './settings.ts';

/** Transactions need the permissions of their parts; a condition alone is `ConditionCheckItem`. */
const READ = ['dynamodb:GetItem', 'dynamodb:Query'];
const WRITE = ['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'];

/** One table per owner of rights: who stores samples has no business with keys. Same keys, same shape (ItemTable). */
export class Tables extends Construct {
  readonly catalog: Table;
  readonly alerts: Table;
  readonly keys: Table;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const table = (name: string): Table =>
      new Table(this, name, {
        partitionKey: { name: 'pk', type: AttributeType.STRING },
        sortKey: { name: 'sk', type: AttributeType.STRING },
        billingMode: BillingMode.PAY_PER_REQUEST,
        encryption: TableEncryption.DEFAULT,
        timeToLiveAttribute: 'expiresAtS',
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        deletionProtection: !settings.disposable,
        removalPolicy: settings.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      });
    this.catalog = table('Catalog');
    this.alerts = table('Alerts');
    this.keys = table('Keys');
  }

  allowRead(grantee: NodeFunction, table: Table): void {
    grantee.allow({ actions: READ, resources: [table.tableArn] });
  }

  /** To read rows of history that wait among the alerts, and to close hours of it. */
  allowHistory(grantee: NodeFunction): void {
    this.allowRead(grantee, this.alerts);
    const conditions = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [HISTORY_FENCES] } };
    grantee.allow({ actions: ['dynamodb:PutItem'], resources: [this.alerts.tableArn], conditions });
  }

  allowWrite(grantee: NodeFunction, table: Table): void {
    grantee.allow({ actions: [...READ, ...WRITE], resources: [table.tableArn] });
  }
}
